"""Does any rule ask for the facts that a scenario states? Their names are known to the rules, above the scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from millwright.errors import InputError
from millwright.law.case import is_site_fact, with_told
from millwright.law.facts import FactValue, SiteFacts, WorkloadFacts
from millwright.scenario.faults import Fault, KeyPath, ScenarioError
from millwright.scenario.load import LoadedScenario
from millwright.scenario.yaml_text import read_yaml


def check_told_facts(loaded: LoadedScenario) -> None:
    """Raise ScenarioError with each stated fact that no rule asks for or that has a value of the wrong kind."""
    wrong = [
        (path, error) for path, name, value in _told(loaded) if (error := _fault(name, value, path[0])) is not None
    ]
    if not wrong:
        return
    document = read_yaml(loaded.source_text, str(loaded.path))

    def placed(path: KeyPath, error: InputError) -> Fault:
        span = document.key_span_of(path)
        line, column = (span.line, span.column) if span else (0, 0)
        return Fault(error.what, error.remedy, path, str(loaded.path), line, column)

    raise ScenarioError([placed(path, error) for path, error in wrong])


def _told(loaded: LoadedScenario) -> Iterator[tuple[KeyPath, str, FactValue]]:
    """Return where each fact stands in the scenario, its name and its value."""
    places: list[tuple[KeyPath, Mapping[str, FactValue]]] = [(("law", "facts"), loaded.scenario.law.facts)]
    places += [(("sites", number, "facts"), site.facts) for number, site in enumerate(loaded.scenario.sites or ())]
    for path, facts in places:
        yield from (((*path, name), name, value) for name, value in facts.items())


def _fault(name: str, value: FactValue, place: str | int) -> InputError | None:
    try:
        if place == "sites" or is_site_fact(name):
            with_told(SiteFacts(), {name: value}, "")
        else:
            with_told(WorkloadFacts(), {name: value}, "")
    except InputError as error:
        return error
    return None
