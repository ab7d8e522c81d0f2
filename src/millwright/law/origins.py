"""Whose word each fact of a case is: the scenario's, the catalogue's, the command line's, or assumed.

A paper for counsel may state a fact only with its origin; what has none is a question.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from millwright.law.facts import AND_PERHAPS_OTHERS, Fact, SiteFacts, WorkloadFacts, values_of

if TYPE_CHECKING:
    from millwright.law.case import Assumed
    from millwright.scenario.model import Scenario
    from millwright.scenario.workload import Workload

TOLD = "said with --assume"
CATALOGUE_OF_MODELS = ("model_licence", "open_weights", "multimodal")


def origins_of(
    scenario: Scenario,
    workload: Workload,
    place: tuple[str, str, str],
    facts: tuple[WorkloadFacts, SiteFacts],
    assumed: Iterable[Assumed],
    told: Mapping[str, Any],
) -> dict[Fact, str]:
    """Return, for each fact that is known at least in part, where it comes from.

    `place` is the site's name, its kind, and the provider (empty for an own room); `assumed` what was assumed of the
    workload, `told` what the command line says, by name.
    """
    site_name, _, provider = place
    own_facts: Mapping[str, Any] = next((each.facts for each in scenario.sites if each.name == site_name), {})
    by_hand = {
        TOLD: _plain(told),
        f"scenario, sites.{site_name}.facts": _plain(own_facts),
        "scenario, law.facts": _plain(scenario.law.facts),
    }
    guessed = {each.fact: each.why for each in assumed}
    found: dict[Fact, str] = {}
    for fact, value in values_of(*facts).items():
        if value is None or value in ((AND_PERHAPS_OTHERS,), ""):
            continue
        prefix, _, name = fact.partition(".")
        said = [where for where, names in by_hand.items() if _says(name, names)]
        if said:
            found[fact] = said[0]
        elif fact in guessed:
            found[fact] = guessed[fact]
        elif prefix == "workload":
            found[fact] = _of_workload(name, workload, scenario.law.allowed_jurisdictions)
        elif provider:
            found[fact] = f"catalogue, {provider}"
        else:
            found[fact] = f"scenario, sites.{site_name}" if name in ("kind", *_PLACES) else "follows from an own room"
    return found


_PLACES = ("rest_countries", "processing_countries", "air_gapped", "pue")


def _stated(name: str, workload: Workload, allowed: tuple[str, ...] | None) -> bool:
    return bool(workload.data.residency if name == "residency" else allowed)


def _of_workload(name: str, workload: Workload, allowed: tuple[str, ...] | None) -> str:
    if name in ("required_certifications", "air_gap_required", "customer_keys_required"):
        return "not asked for in the scenario"
    if name in ("residency", "allowed_jurisdictions") and not _stated(name, workload, allowed):
        return "no limit is stated in the scenario"
    if name == "subjects" and not workload.data.subjects:
        return "assumed: the organisation's own country"
    if name in ("data_classes", "subjects", "residency"):
        return f"scenario, workloads.{workload.name}.data"
    if name in ("sector", "organisation_country", "employees"):
        return "scenario, organisation"
    if name == "allowed_jurisdictions":
        return "scenario, law.allowed_jurisdictions"
    if name in CATALOGUE_OF_MODELS:
        return "catalogue of models"
    return f"scenario, workloads.{workload.name}" if name == "model" else "scenario"


def _says(name: str, names: Collection[str]) -> bool:
    """Whether a fact is named, or for certificates one of their short names is."""
    from millwright.law.load import certificates

    return name in names or (name == "certifications" and any(each in certificates() for each in names))


def _plain(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.rpartition(".")[2] for name in names)
