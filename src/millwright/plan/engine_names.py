"""Do the engines exist that a scenario allows? Their names are known where step times are, above the scenario."""

from __future__ import annotations

import difflib

from millwright.perf.engines import engine_id, engine_profiles
from millwright.scenario.faults import Fault, KeyPath, ScenarioError
from millwright.scenario.load import LoadedScenario
from millwright.scenario.yaml_text import read_yaml


def check_engine_names(loaded: LoadedScenario) -> None:
    """Raise ScenarioError with each name under `limits.engines` that no engine has, and the nearest one that is."""
    profiles = engine_profiles()
    wrong = [
        (("limits", "engines", number), name)
        for number, name in enumerate(loaded.scenario.limits.engines or ())
        if engine_id(name) not in profiles
    ]
    if not wrong:
        return
    names = {each.casefold(): one.id for one in profiles.values() for each in (one.id, one.name, *one.aliases)}
    document = read_yaml(loaded.source_text, str(loaded.path))

    def fault(path: KeyPath, name: str) -> Fault:
        near = difflib.get_close_matches(name.casefold(), names, n=1)
        hint = f"Did you mean '{names[near[0]]}'?" if near else f"Use one of {', '.join(sorted(profiles))}."
        span = document.span_of(path) or document.span_of(path[:-1])  # one name alone may stand without a list
        line, column = (span.line, span.column) if span else (0, 0)
        return Fault(f"no inference engine is called '{name}'", hint, path, str(loaded.path), line, column)

    raise ScenarioError([fault(path, name) for path, name in wrong])
