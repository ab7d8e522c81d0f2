"""Every place a scenario allows, judged for every workload: the rules alone, without performance or price."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from millwright.law.air_gap import AirGapFinding, air_gap
from millwright.law.areas import Areas
from millwright.law.case import Assumed, owned_site_facts, rented_site_facts, with_told, workload_facts_of
from millwright.law.coverage import not_covered
from millwright.law.evaluate import LawFinding, evaluate, world_of
from millwright.law.facts import Fact, SiteFacts, WorkloadFacts
from millwright.law.kleene import Verdict
from millwright.law.origins import origins_of
from millwright.law.rule import RuleBase
from millwright.law.sovereignty import SovereigntyScore, sovereignty
from millwright.scenario.model import ApiSite, CloudSite, ColoSite, OwnedSite, Scenario

if TYPE_CHECKING:
    from millwright.catalog.catalog import Catalog


@dataclass(frozen=True)
class Place:
    """One workload at one place: an own room, or a provider's offers in one country."""

    workload: str
    site: str
    kind: str
    provider: str
    country: str
    offers: tuple[str, ...]
    workload_facts: WorkloadFacts
    site_facts: SiteFacts
    finding: LawFinding
    sovereignty: SovereigntyScore
    air_gap: AirGapFinding
    origins: Mapping[Fact, str] = field(default_factory=dict)
    """Where each known fact comes from."""

    @property
    def title(self) -> str:
        """What a person would call it."""
        where = f" ({self.country or 'place not said'})"
        return f"{self.site}: {self.provider}{where}" if self.provider else f"{self.site}{where}"


@dataclass(frozen=True)
class Survey:
    """All places of a scenario, what was assumed, and of which day and rule base it speaks."""

    places: tuple[Place, ...]
    assumed: tuple[Assumed, ...]
    as_of: dt.date
    rules: RuleBase
    not_covered: tuple[str, ...] = ()
    """What the rule base does not hold of the law that may bear on this, in sentences."""

    @property
    def verdict(self) -> Verdict:
        """No if some place may not be used, else unknown if some place may not, else yes."""
        verdicts = {place.finding.verdict for place in self.places}
        return next((each for each in (Verdict.NO, Verdict.UNKNOWN) if each in verdicts), Verdict.YES)


def survey(
    scenario: Scenario, catalog: Catalog, rules: RuleBase, as_of: dt.date, told: Mapping[str, Any] | None = None
) -> Survey:
    """Return the verdict on every place that the scenario's sites allow, for each of its workloads.

    `told` are facts that stand over all others, `site.…` or `workload.…`. Offers of one provider in one country have
    the same facts and are judged once. Raises InputError for a fact that does not exist.
    """
    told = dict(told or {})
    of_site = {name: value for name, value in told.items() if not name.startswith("workload.")}
    of_workload = {name: value for name, value in told.items() if name.startswith("workload.")}
    places: list[Place] = []
    assumed: dict[str, Assumed] = {}
    for workload in scenario.workloads:
        model = catalog.model(workload.model)
        facts, guesses = workload_facts_of(scenario, workload, model.licence or None)
        facts = with_told(facts, of_workload, "--assume")
        assumed.update({each.fact: each for each in guesses if each.fact not in of_workload})
        wanted = {model.id, *(catalog.model(name).id for name in workload.accepts_other_models)}
        for site, kind, provider, country, offers, known in _sites(scenario, catalog, rules.areas, as_of, wanted):
            site_facts = with_told(known, of_site, "--assume")
            finding = evaluate(rules, facts, site_facts, as_of)
            claimed = told_facts(scenario, told, None if provider else site_facts)
            score = sovereignty(world_of(rules, facts, site_facts, as_of), claimed)
            cut_off = air_gap(kind, scenario.limits.engines or (), scenario.limits.vendors or ())
            from_whom = origins_of(scenario, workload, (site, kind, provider), (facts, site_facts), guesses, told)
            place = (workload.name, site, kind, provider, country, offers, facts, site_facts, finding, score, cut_off)
            places.append(Place(*place, from_whom))
    looked_at = list(dict.fromkeys(place.workload_facts for place in places))
    return Survey(tuple(places), tuple(assumed.values()), as_of, rules, not_covered(rules, looked_at, as_of))


def titles(places: Iterable[Place], among: Sequence[Place] = ()) -> str:
    """Return the places as text, by site and provider: `EU cloud: aws (DE, SE), ovhcloud (FR); APIs: all`.

    `all` stands for the providers of a site where every place of it that is `among` the ones spoken of is meant.
    """
    countries: dict[str, dict[str, dict[str, None]]] = {}
    for place in places:
        where = countries.setdefault(place.site, {}).setdefault(place.provider, {})
        where[place.country or "place not said"] = None
    whole: dict[str, int] = Counter(site for site, _, _ in {(each.site, *_spot(each)) for each in among})
    return "; ".join(
        f"{site}: all"
        if "" not in found and whole.get(site, 0) == sum(map(len, found.values())) > 1
        else _site_title(site, found)
        for site, found in countries.items()
    )


def _spot(place: Place) -> tuple[str, str]:
    return place.provider, place.country or "place not said"


def _site_title(site: str, found: Mapping[str, Iterable[str]]) -> str:
    """Return a site with its providers, those in the same countries together."""
    by_where: dict[str, list[str]] = {}
    for provider, where in found.items():
        by_where.setdefault(", ".join(where), []).append(provider)
    text = ", ".join(f"{', '.join(providers)} ({where})" for where, providers in by_where.items())
    return f"{site}: {text}" if "" not in found else f"{site}{text}"


def told_facts(scenario: Scenario, told: Iterable[str] = (), own_room: SiteFacts | None = None) -> frozenset[Fact]:
    """Return the facts that the user states in the scenario or by name in `told`, by their full names.

    All that is known of an `own_room` is the user's word too, but for the licence of the engine that runs there.
    """
    own = {name for site in scenario.sites for name in site.facts} | set(scenario.law.facts) | set(told)
    plain = {name.rpartition(".")[2] for name in own}
    of_room = () if own_room is None else (each.name for each in fields(own_room) if _is_known(own_room, each.name))
    stated = {f"{prefix}.{name}" for prefix in ("site", "workload") for name in plain}
    return frozenset({*stated, *(f"site.{name}" for name in of_room if name != "open_source_engine")})


def _is_known(facts: SiteFacts, name: str) -> bool:
    return getattr(facts, name) is not None


_Site = tuple[str, str, str, str, tuple[str, ...], SiteFacts]


def _sites(scenario: Scenario, catalog: Catalog, areas: Areas, day: dt.date, wanted: set[str]) -> Iterator[_Site]:
    for site in scenario.sites:
        if isinstance(site, CloudSite | ApiSite):
            yield from _rented(site, scenario, catalog, areas, day, wanted)
        else:
            yield _own(site, scenario, catalog)


def _own(site: OwnedSite | ColoSite, scenario: Scenario, catalog: Catalog) -> _Site:
    landlord = site.operator if isinstance(site, ColoSite) else None
    operator = catalog.provider(landlord) if landlord else None
    return site.name, site.kind, "", site.country, (), owned_site_facts(site, scenario, operator)


def _rented(
    site: CloudSite | ApiSite, scenario: Scenario, catalog: Catalog, areas: Areas, day: dt.date, wanted: set[str]
) -> Iterator[_Site]:
    """Yield the offers of a cloud or API site by provider and country, within the site's own limits."""
    providers = {catalog.provider(name).id for name in site.providers} if site.providers else None
    allowed = areas.countries_of(site.countries, day) if site.countries else None
    found: dict[tuple[str, str], list[str]] = {}
    if isinstance(site, CloudSite):
        offers = [
            (each.id, each.provider_id, each.country)
            for each in catalog.cloud_offers()
            if (not site.regions or each.region in site.regions)
            and (not site.instances or each.instance_type in site.instances)
        ]
    else:
        offers = [
            (each.id, each.provider_id, each.country or each.area or "")
            for each in catalog.api_offers()
            if each.model_id in wanted or not site.same_model_only
        ]
    for id_, provider, country in offers:
        if providers is not None and provider not in providers:
            continue
        if allowed is not None and not _may_lie_in(country, allowed, areas, day, site):
            continue
        found.setdefault((provider, country), []).append(id_)
    for (provider, country), ids in found.items():
        facts = rented_site_facts(site.kind, country or None, catalog.provider(provider), scenario, site.facts)
        yield site.name, site.kind, provider, country, tuple(ids), facts


def _may_lie_in(country: str, allowed: frozenset[str], areas: Areas, day: dt.date, site: CloudSite | ApiSite) -> bool:
    if not country:
        return isinstance(site, ApiSite) and site.allow_unknown_location
    return areas.countries(country, day) <= allowed
