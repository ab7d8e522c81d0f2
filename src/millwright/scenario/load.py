"""Load a scenario: read the file, check it whole, and say everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from millwright.errors import InputError
from millwright.scenario.defaults import DefaultedField, defaulted_fields
from millwright.scenario.explain import explain
from millwright.scenario.faults import Fault, ScenarioError
from millwright.scenario.fields import FROM_FILE
from millwright.scenario.folder import beside
from millwright.scenario.model import Scenario
from millwright.scenario.pattern import Filled, one_pass_pattern, traffic_pattern
from millwright.scenario.references import Checker
from millwright.scenario.text_file import read_text_file
from millwright.scenario.traffic import Traffic
from millwright.scenario.workload import WorkloadKind
from millwright.scenario.yaml_text import YamlDocument, read_yaml
from millwright.traffic.pattern import TrafficPattern

if TYPE_CHECKING:
    from millwright.catalog.catalog import ShippedCatalog


@dataclass(frozen=True)
class LoadedScenario:
    """A scenario that is sound, with what stands around it.

    `patterns` holds each workload's traffic, ready to be sampled; `catalog` the catalogue with the scenario's own
    models, devices and figures in it, where a workload's `model` is found by the name or path the scenario gives.
    `readiness_text` and `team_text` are what the files hold that the scenario names under `readiness` and `team`.
    """

    scenario: Scenario
    source_text: str
    path: Path
    defaulted: tuple[DefaultedField, ...]
    patterns: Mapping[str, TrafficPattern]
    catalog: ShippedCatalog
    readiness_text: str | None = None
    team_text: str | None = None


def load_scenario(path: Path | str, catalog: ShippedCatalog | None = None) -> LoadedScenario:
    """Return the scenario in a YAML file. Raises ScenarioError with every fault found.

    Names are looked up in `catalog`, the shipped one if not given; files from the folder the scenario is in.
    """
    path = Path(path)
    text = read_text_file(path, "a scenario (YAML)", "Put long lists and traces into files beside it.")
    return read_scenario(text, path, catalog)


def read_scenario(text: str, path: Path, catalog: ShippedCatalog | None = None) -> LoadedScenario:
    """Return the scenario in a YAML text, as if it stood in the file `path`. Raises ScenarioError."""
    if catalog is None:
        from millwright.catalog.catalog import load_catalog

        catalog = load_catalog()
    file = str(path)
    document = read_yaml(text, file)
    scenario, faults = _validated(document, file)
    checker = Checker(catalog, path.parent)
    if scenario is not None:
        checker.own_figures(scenario)
        scenario = _in_the_countrys_currency(scenario, catalog)
        checker.currencies(scenario)
    checker.names(_without_own_names(document.value) if scenario is None else document.value)
    if scenario is not None:
        checker.kinds(scenario)
        checker.jobs(scenario)
    readiness_text = _beside(document.value, ("readiness",), "answers (YAML)", checker)
    patterns, filled = _patterns(document.value, checker)
    team_text = _beside(document.value, ("team", "file"), "a team (YAML or CSV)", checker)
    faults += [_placed(fault, document, file) for fault in checker.faults]
    if faults or scenario is None:
        raise ScenarioError(list(dict.fromkeys(faults)))
    defaulted = defaulted_fields(scenario, filled)
    return LoadedScenario(scenario, text, path, defaulted, patterns, checker.catalog, readiness_text, team_text)


def scenario_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file, by which editors complete and check it."""
    schema = Scenario.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "millwright-scenario", **schema}


def _validated(document: YamlDocument, file: str) -> tuple[Scenario | None, list[Fault]]:
    """Return the scenario, or the faults of its keys and values."""
    if not isinstance(document.value, dict):
        kind = "a list" if isinstance(document.value, list) else "a single value" if document.value else "nothing"
        fault = Fault(f"the file holds {kind}, not keys and values", "Begin with `organisation:` and `workloads:`.")
        raise ScenarioError([_placed(fault, document, file)])
    try:
        return Scenario.model_validate(document.value, context=dict(FROM_FILE), by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, explain(error, document, file)


def _without_own_names(value: dict[str, Any]) -> dict[str, Any]:
    """Return the values without the parts that may name a device which only this scenario knows.

    When the scenario is not sound its own devices did not reach the catalogue, and their names would seem unknown.
    """
    if "devices" not in value and "overrides" not in value:
        return value
    return {key: part for key, part in value.items() if key not in ("sites", "limits")}


def _patterns(
    value: dict[str, Any], checker: Checker
) -> tuple[dict[str, TrafficPattern], dict[str, tuple[Filled, ...]]]:
    """Return each workload's traffic, and what was filled in; traffic that is not sound is left out."""
    patterns: dict[str, TrafficPattern] = {}
    filled: dict[str, tuple[Filled, ...]] = {}
    workloads = value.get("workloads")
    for number, raw in enumerate(workloads if isinstance(workloads, list) else ()):
        try:
            traffic = Traffic.model_validate(raw["traffic"], context=dict(FROM_FILE), by_alias=True, by_name=False)
            name = raw["name"].strip()
            found = traffic_pattern(traffic, checker.folder)
            one_pass = raw.get("kind") in [kind.value for kind in WorkloadKind if kind.one_pass]
            of_items = raw.get("kind") == WorkloadKind.RECOMMEND.value
            patterns[name], filled[name] = one_pass_pattern(*found, of_items=of_items) if one_pass else found
        except InputError as error:
            place = f"{error.where}: " if error.where else ""
            key = _file_key(traffic, error)
            checker.note(("workloads", number, "traffic", key), f"{place}{error.what}", error.remedy)
        except (ValidationError, KeyError, TypeError, AttributeError):
            continue  # already among the faults
    return patterns, filled


def _beside(value: Any, keys: tuple[str, ...], what: str, checker: Checker) -> str | None:
    """Return the text of the file that `keys` name, read from the scenario's folder; None where they name none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, str):
        return None
    try:
        return read_text_file(beside(checker.folder, value), what, "Is it the right file?")
    except ScenarioError as error:
        fault = error.faults[0]
        checker.note(keys, f"{fault.where}: {fault.what}", "Give its path relative to the scenario file.")
    except InputError as error:
        checker.note(keys, error.what, error.remedy)
    return None


def _in_the_countrys_currency(scenario: Scenario, catalog: ShippedCatalog) -> Scenario:
    """Return the scenario with the currency of its country, if none is given."""
    organisation = scenario.organisation
    if "currency" in organisation.model_fields_set:
        return scenario
    try:
        currency = catalog.country(organisation.country).currency
    except InputError:
        return scenario  # an unknown country is a fault of its own
    return scenario.model_copy(update={"organisation": organisation.filled_in(currency=currency)})


def _placed(fault: Fault, document: YamlDocument, file: str) -> Fault:
    span = document.span_of(fault.path)
    line, column = (span.line, span.column) if span else (0, 0)
    return Fault(fault.what, fault.remedy, fault.path, file, line, column)


def _file_key(traffic: Traffic, error: InputError) -> str:
    """Return the key below `traffic` whose file is at fault."""
    for key in ("input", "output"):
        file = getattr(getattr(traffic, key), "file", None)
        if file is not None and Path(file).name in error.where:
            return key
    return "trace"
