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
from millwright.scenario.pattern import Filled, traffic_pattern
from millwright.scenario.references import Checker
from millwright.scenario.traffic import Traffic
from millwright.scenario.yaml_text import YamlDocument, read_yaml
from millwright.traffic.pattern import TrafficPattern

if TYPE_CHECKING:
    from millwright.catalog.catalog import ShippedCatalog

LARGEST_FILE_BYTES = 1 << 20
"""A larger scenario is refused: long lists belong into files beside it."""


@dataclass(frozen=True)
class LoadedScenario:
    """A scenario that is sound, with what stands around it.

    `patterns` holds each workload's traffic, ready to be sampled; `catalog` the catalogue with the scenario's own
    models, devices and figures in it, where a workload's `model` is found by the name or path the scenario gives.
    `readiness_text` is what the file holds that the scenario names under `readiness`.
    """

    scenario: Scenario
    source_text: str
    path: Path
    defaulted: tuple[DefaultedField, ...]
    patterns: Mapping[str, TrafficPattern]
    catalog: ShippedCatalog
    readiness_text: str | None = None


def load_scenario(path: Path | str, catalog: ShippedCatalog | None = None) -> LoadedScenario:
    """Return the scenario in a YAML file. Raises ScenarioError with every fault found.

    Names are looked up in `catalog`, the shipped one if not given; files from the folder the scenario is in.
    """
    path = Path(path)
    return read_scenario(_read(path), path, catalog)


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
    readiness_text = _beside(document.value, "readiness", checker)
    patterns, filled = _patterns(document.value, checker)
    faults += [_placed(fault, document, file) for fault in checker.faults]
    if faults or scenario is None:
        raise ScenarioError(list(dict.fromkeys(faults)))
    defaulted = defaulted_fields(scenario, filled)
    return LoadedScenario(scenario, text, path, defaulted, patterns, checker.catalog, readiness_text)


def scenario_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file, by which editors complete and check it."""
    schema = Scenario.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "millwright-scenario", **schema}


def _read(path: Path) -> str:
    file = str(path)
    try:
        if not path.is_file():
            what = "this is a folder, not a file" if path.is_dir() else "there is no such file"
            raise ScenarioError([Fault(what, "Give the path of a scenario (YAML).", file=file)])
        size = path.stat().st_size
        if size > LARGEST_FILE_BYTES:
            what = f"the file is {size / 2**20:,.1f} MiB; a scenario has {LARGEST_FILE_BYTES / 2**20:.0f} MiB at most"
            raise ScenarioError([Fault(what, "Put long lists and traces into files beside it.", file=file)])
        contents = path.read_bytes()
    except OSError as error:
        raise ScenarioError([Fault(f"cannot be read: {error.strerror}", "Check its rights.", file=file)]) from None
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = contents.count(b"\n", 0, error.start) + 1
        column = error.start - contents.rfind(b"\n", 0, error.start)
        fault = Fault("this is no UTF-8 text", "Save the file as UTF-8.", file=file, line=line, column=column)
        raise ScenarioError([fault]) from None


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
            patterns[name], filled[name] = traffic_pattern(traffic, checker.folder)
        except InputError as error:
            place = f"{error.where}: " if error.where else ""
            key = _file_key(traffic, error)
            checker.note(("workloads", number, "traffic", key), f"{place}{error.what}", error.remedy)
        except (ValidationError, KeyError, TypeError, AttributeError):
            continue  # already among the faults
    return patterns, filled


def _beside(value: dict[str, Any], key: str, checker: Checker) -> str | None:
    """Return the text of the file that `key` names, read from the scenario's folder; None where it names none."""
    name = value.get(key)
    if not isinstance(name, str):
        return None
    try:
        return _read(beside(checker.folder, name))
    except ScenarioError as error:
        fault = error.faults[0]
        checker.note((key,), f"{fault.where}: {fault.what}", "Give its path relative to the scenario file.")
    except InputError as error:
        checker.note((key,), error.what, error.remedy)
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
