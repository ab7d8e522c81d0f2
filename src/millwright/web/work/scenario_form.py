"""A scenario's text beside a form: the values of its keys, one of them changed, and every fault."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import Field

from millwright.web.work.fields import Request, Text
from millwright.web.work.plans import load
from millwright.web.worker import Tell

KeyPath = tuple[str | int, ...]


class Setting(Request):
    """A key and the value it is to have."""

    path: tuple[Text | int, ...] = Field(min_length=1, max_length=12)
    value: Any = None


class FormRequest(Request):
    """A text, the keys whose values a form shows, and perhaps a new value for one of them."""

    scenario: Text = Field(max_length=1 << 20)
    keys: tuple[tuple[Text | int, ...], ...] = Field(default=(), max_length=500)
    set: Setting | None = None


def form(asked: FormRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the text (changed where asked), the values at the keys, faults with their lines, and what is assumed.

    Keys that the text does not have are left out of the values; a text that cannot be read has no workloads. Raises
    InputError where a value cannot be changed in the text alone.
    """
    from millwright.scenario.edit import set_value
    from millwright.scenario.faults import ScenarioError
    from millwright.scenario.yaml_text import read_yaml

    text = asked.scenario
    if asked.set is not None:
        text = set_value(text, asked.set.path, asked.set.value)
    values: list[tuple[KeyPath, Any]] = []
    faults: list[dict[str, Any]] = []
    assumed: list[dict[str, Any]] = []
    workloads = jobs = 0
    try:
        document = read_yaml(text)
        values = [(path, _at(document.value, path)) for path in asked.keys if path in document.nodes]
        workloads, jobs = _items(document.value, "workloads"), _items(document.value, "jobs")
        assumed = [asdict(each) for each in load(text, folder).defaulted]
    except ScenarioError as error:
        faults = [asdict(each) for each in error.faults]
    return {
        "text": text,
        "values": [[list(path), _shown(value)] for path, value in values],
        "workloads": workloads,
        "jobs": jobs,
        "faults": faults,
        "assumed": assumed,
    }


def _items(scenario: Any, key: str) -> int:
    """Return how many items the list at a top key has."""
    listed = scenario.get(key) if isinstance(scenario, dict) else None
    return len(listed) if isinstance(listed, list) else 0


def _at(value: Any, path: KeyPath) -> Any:
    """Return what stands in a scenario's values at a path that they have."""
    for part in path:
        value = value[part]
    return value


def _shown(value: Any) -> Any:
    """Return a value as a field holds it; a list as its items, anything deeper as nothing."""
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(str(item) for item in value)
    return value if isinstance(value, str | int | float | bool) else None
