"""From a scenario and the catalogue to the facts that rules ask about, and what was assumed on the way.

Nothing is guessed in favour of a site: what neither the scenario nor the catalogue says stays unknown. Facts of the
organisation that follow from its sector and country, and uses that nobody mentions, are assumed and listed.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from millwright.errors import InputError
from millwright.law.facts import AND_PERHAPS_OTHERS, FactValue, SiteFacts, WorkloadFacts

if TYPE_CHECKING:
    from millwright.catalog.offer import Provider
    from millwright.scenario.model import Scenario
    from millwright.scenario.site import ColoSite, OwnedSite
    from millwright.scenario.workload import Workload

Form = TypeVar("Form", SiteFacts, WorkloadFacts)

ASSUMED_OF_WORKLOADS: Mapping[str, tuple[FactValue, str]] = {
    "prohibited_practice": (False, "assumed: not a practice that AI Act Art. 5 forbids"),
    "restricted_use": (False, "assumed: not a use that the model's licence forbids"),
    "monthly_active_users": (0.0, "assumed: far below the limits that model licences set"),
    "commercial_use": (True, "assumed: the use is commercial"),
    "modifies_model": (False, "assumed: the model is used as it is"),
    "trains_other_models": (False, "assumed: outputs do not train other models"),
    "critical_infrastructure": (False, "assumed: no critical information infrastructure in China"),
}
"""What is taken of a workload when its scenario does not say, and in which words that is shown."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """One fact that was assumed."""

    fact: str
    value: FactValue
    why: str


def workload_facts_of(
    scenario: Scenario, workload: Workload, licence: str | None = None, multimodal: bool | None = None
) -> tuple[WorkloadFacts, tuple[Assumed, ...]]:
    """Return the facts of one workload of a scenario, and which of them were assumed.

    `licence` is the licence of the model's weights as the catalogue has it, None where unknown. Facts in the scenario's
    `law.facts` stand over all others; raises InputError for one that does not exist.
    """
    organisation = scenario.organisation
    sector, country = organisation.sector.value, organisation.country
    assumed = [Assumed(f"workload.{name}", value, why) for name, (value, why) in ASSUMED_OF_WORKLOADS.items()]
    implied: dict[str, FactValue] = {
        "financial_entity": sector == "finance",
        "covered_entity": sector == "health" and country == "US",
        "public_body": sector in ("public", "defence"),
    }
    if not implied["public_body"]:
        implied["central_government"] = False
    why_of = dict.fromkeys(implied, f"assumed from the sector, {sector}")
    if _touch((country,), "EU", scenario.law.as_of or dt.date.max):
        entity, why_of["essential_entity"] = _under_nis2(sector, organisation.employees)
        if entity is not None:
            implied["essential_entity"] = entity
    assumed += [Assumed(f"workload.{name}", value, why_of[name]) for name, value in implied.items()]
    subjects = workload.data.subjects or (country,)
    if not _touch((country, *subjects), "EEA", scenario.law.as_of or dt.date.max):
        why = "assumed: neither the organisation nor the people concerned are in the EEA"
        implied["critical_decisions_in_eu"] = False
        assumed.append(Assumed("workload.critical_decisions_in_eu", False, why))
    facts = WorkloadFacts(
        data_classes=tuple(each.value for each in workload.data.classes),
        subjects=subjects,
        residency=workload.data.residency,
        allowed_jurisdictions=scenario.law.allowed_jurisdictions or (),
        organisation_country=country,
        sector=sector,
        employees=None if organisation.employees is None else float(organisation.employees),
        model=workload.model,
        model_licence=licence,
        open_weights=True,  # the catalogue's models are those whose architecture and weights are published
        multimodal=multimodal,
        **{name: value for name, (value, _) in ASSUMED_OF_WORKLOADS.items()},  # type: ignore[arg-type]
        **implied,  # type: ignore[arg-type]
    )
    told = {name: value for name, value in scenario.law.facts.items() if not is_site_fact(name)}
    facts = with_told(facts, told, "law.facts")
    names = {name.removeprefix("workload.") for name in told}
    return facts, tuple(each for each in assumed if each.fact.removeprefix("workload.") not in names)


def owned_site_facts(site: OwnedSite | ColoSite, scenario: Scenario, operator: Provider | None = None) -> SiteFacts:
    """Return the facts of a room where own machines stand; in a colocation the landlord holds the building only."""
    country, home = site.country, scenario.organisation.country
    facts = SiteFacts(
        kind=site.kind,
        rest_countries=(country,),
        processing_countries=(country,),
        operator=scenario.name,
        operator_country=home,
        controlling_jurisdiction=home,
        compelling_jurisdictions=_distinct((country, home)),
        key_holder="customer",
        support_countries=_distinct((country, home)),
        telemetry_countries=() if site.air_gap else None,
        subprocessor_countries=(),
        air_gapped=site.air_gap,
        certifications=(*operator.certifications, AND_PERHAPS_OTHERS) if operator else None,
        trains_on_inputs=False,
        dpf_certified=False,
        pue=getattr(site, "pue", None),
        establishment_countries=_distinct((country, home)),
    )
    return with_told(facts, _told_of_site(scenario, site.facts), f"sites.{site.name}.facts")


def rented_site_facts(
    kind: str,
    place: str | None,
    provider: Provider | None,
    scenario: Scenario,
    told: Mapping[str, FactValue] | None = None,
) -> SiteFacts:
    """Return the facts of a cloud or API offer.

    `kind` is `cloud` or `api`. `place` is the country it is served from, an area where only that is promised, None
    where the provider does not say. `told` are the scenario's own facts for the site that the offer falls under.
    """
    known = SiteFacts(kind=kind, air_gapped=False) if provider is None else _rented(kind, place, provider)
    return with_told(known, _told_of_site(scenario, told or {}), "the site's facts")


def _rented(kind: str, place: str | None, provider: Provider) -> SiteFacts:
    seat, home = _known(provider.controlling_jurisdiction), _known(provider.hq_country)
    places = (place,) if place else None
    return SiteFacts(
        kind=kind,
        rest_countries=places,
        processing_countries=places,
        operator=provider.id,
        operator_country=home,
        controlling_jurisdiction=seat,
        compelling_jurisdictions=_who_can_compel(provider, seat, place),
        key_holder="operator" if kind == "api" else None,
        air_gapped=False,
        certifications=(*provider.certifications, AND_PERHAPS_OTHERS),
        trains_on_inputs=False if kind == "cloud" else None,  # a bare machine's operator sees no prompts as such
        dpf_certified=None if home in ("US", None) else False,
        establishment_countries=(home, AND_PERHAPS_OTHERS) if home else None,
    )


def _who_can_compel(provider: Provider, seat: str | None, place: str | None) -> tuple[str, ...]:
    """The law of the place, of whoever controls the operator, and of the United States where they reach it."""
    known = [each for each in (place, seat) if each]
    if provider.us_cloud_act_exposure == "yes":
        known.append("US")
    open_ended = place is None or seat is None or provider.us_cloud_act_exposure == "unknown"
    return _distinct((*known, AND_PERHAPS_OTHERS) if open_ended else known)


def is_site_fact(name: str) -> bool:
    """Return whether a fact or certificate that a scenario names is one of a site."""
    from millwright.law.load import certificates

    return name.removeprefix("site.") in _fields(SiteFacts) or name in certificates()


def with_told(facts: Form, told: Mapping[str, Any], where: str) -> Form:
    """Return facts with those that somebody told in place of what was known.

    A set may be told as a text with commas; a certificate as `iso_27001: true`. Raises InputError for a fact that does
    not exist, or a value of the wrong kind.
    """
    from millwright.law.load import certificates

    changes: dict[str, Any] = {}
    held = list(getattr(facts, "certifications", None) or ())
    for full_name, value in told.items():
        name = full_name.rpartition(".")[2]
        if isinstance(facts, SiteFacts) and name in certificates() and isinstance(value, bool):
            certificate = certificates()[name]
            held = [each for each in held if each != certificate] + ([certificate] if value else [])
            changes["certifications"] = tuple(_distinct(sorted(held, key=lambda each: each == AND_PERHAPS_OTHERS)))
        elif name in _fields(type(facts)):
            changes[name] = _value(type(facts), name, value, where)
        else:
            known = (*_fields(SiteFacts), *_fields(WorkloadFacts), *certificates())
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise InputError(
                f"no rule asks for a fact called '{full_name}'", where, f"{hint}`millwright law facts` lists them all."
            )
    return replace(facts, **changes)


def how_written(fact: str) -> str:
    """Return how the value of a fact (`site.pue`) is written in a scenario. Raises KeyError for one that is not."""
    place, _, name = fact.partition(".")
    annotation = _fields(SiteFacts if place == "site" else WorkloadFacts)[name]
    if "tuple" in annotation:
        return "list, by commas"
    return "true, false" if "bool" in annotation else "number" if "float" in annotation else "text"


def _touch(places: tuple[str, ...], area: str, day: dt.date) -> bool:
    """Return whether one of the countries or areas lies in `area`, or has a part there."""
    from millwright.law.load import load_rules

    areas = load_rules().areas
    return not areas.countries_of(places, day).isdisjoint(areas.countries(area, day))


def _under_nis2(sector: str, employees: int | None) -> tuple[bool | None, str]:
    """Return whether NIS2 holds for an organisation in the EU, None where its turnover decides, and why.

    Its Art. 2 takes in the sectors of its annexes from 50 employees or 10 million euros of turnover on, networks and
    the state whatever their size.
    """
    if sector not in ("health", "energy", "telecom", "transport", "public", "finance"):
        return False, f"assumed from the sector, {sector}"
    if employees is None or employees >= _MEDIUM_SIZED or sector in ("telecom", "public"):
        return True, f"assumed from the sector, {sector}, and the size"
    return None, ""


_MEDIUM_SIZED = 50
"""Employees from which a firm is no small one (Recommendation 2003/361/EC, Annex, Art. 2)."""


def _told_of_site(scenario: Scenario, own: Mapping[str, FactValue]) -> dict[str, FactValue]:
    """The scenario's facts of every site, and over them those of this one."""
    return {**{name: value for name, value in scenario.law.facts.items() if is_site_fact(name)}, **own}


def _value(form: type, name: str, value: Any, where: str) -> Any:
    annotation = _fields(form)[name]
    if value is None or value == "unknown":
        if "None" in annotation:
            return None
    elif "tuple" in annotation:
        if isinstance(value, str):
            return tuple(each.strip() for each in value.split(",") if each.strip())
        if isinstance(value, list | tuple):
            return tuple(str(each) for each in value)
    elif "bool" in annotation:
        if isinstance(value, bool):
            return value
        if str(value).lower() in _TRUTHS:
            return _TRUTHS[str(value).lower()]
    elif "float" in annotation:
        try:
            return float(value)
        except (TypeError, ValueError):
            pass
    elif isinstance(value, str):
        return value
    kind = "yes or no" if "bool" in annotation else "a number" if "float" in annotation else "a text"
    raise InputError(f"{name} is {value!r}", where, f"Give {kind}.")


_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


def _fields(form: type) -> dict[str, str]:
    return {name: str(annotation) for name, annotation in form.__annotations__.items()}


def _known(name: str) -> str | None:
    return None if name in ("", "unknown") else name


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
