"""Turn what Pydantic finds into faults a reader can mend: the place in the file, the key, the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from millwright.scenario.faults import Fault, KeyPath
from millwright.scenario.fields import kind_of
from millwright.scenario.model import Scenario
from millwright.scenario.site import SITE_TYPES
from millwright.scenario.yaml_text import YamlDocument

_KNOCK_ON = frozenset({"default_factory_not_called"})


def explain(error: ValidationError, document: YamlDocument, file: str) -> list[Fault]:
    """Return one fault per finding of `error` on the values of `document`, without those that follow from others."""
    findings = [each for each in error.errors(include_url=False) if each["type"] not in _KNOCK_ON]
    located = [(finding, _path(finding, document.value)) for finding in findings]
    faults: list[Fault] = []
    for finding, path in located:
        if finding["type"] == "too_short" and any(other[: len(path)] == path for _, other in located if other != path):
            continue  # a list of wrong items counts as empty
        what, remedy = _words(finding, path)
        at_key = finding["type"] in ("extra_forbidden", "missing")
        span = document.key_span_of(path) if at_key else document.span_of(path)
        faults.append(Fault(what, remedy, path, file, span.line if span else 0, span.column if span else 0))
    return list(dict.fromkeys(faults))


def _path(finding: Any, value: Any) -> KeyPath:
    """Return the finding's location as keys of the file: tags of unions and spelt-out shorthands are left out."""
    path: list[str | int] = []
    location = finding["loc"]
    for number, part in enumerate(location):
        is_last = number == len(location) - 1
        if isinstance(value, dict):
            if part in value:
                path.append(part)
                value = value[part]
            elif is_last and finding["type"] == "missing":
                path.append(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            path.append(part)
            value = value[part]
    if finding["type"] == "scenario_kind" and isinstance(value, dict) and "kind" in value:
        path.append("kind")
    return (*path, *finding.get("ctx", {}).get("at", ()))


def _words(finding: Any, path: KeyPath) -> tuple[str, str]:
    """Return what is wrong and what to do."""
    kind, given, context = finding["type"], finding["input"], finding.get("ctx", {})
    if kind == "scenario_fault":
        return context["what"], context["remedy"]
    if kind == "extra_forbidden":
        return _unknown_key(str(path[-1]), finding["loc"][:-1])
    if kind == "missing":
        return "this key is missing", _how_to_write(finding["loc"])
    if kind == "scenario_kind":
        return _unknown_kind(given, str(finding["msg"]))
    if kind in ("enum", "literal_error"):
        known = list(_choices(context["expected"]))
        near = difflib.get_close_matches(str(given), known, n=1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        return f"{_shown(given)} is not known here", f"{hint}Use one of {', '.join(known)}."
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"expected keys and values, got {kind_of(given)}", _how_to_write(finding["loc"])
    if kind in ("tuple_type", "list_type"):
        return f"expected a list, got {kind_of(given)}", "Begin each item with `- `, or write [a, b]."
    if kind == "string_type":
        return f"expected a text, got {kind_of(given)}", f'Put it in quotes: "{_shown(given).strip(chr(39))}".'
    if kind in _NUMBERS:
        return f"expected {_NUMBERS[kind]}, got {_shown(given)}", "Write digits, without a unit."
    if kind.startswith("bool"):
        return f"expected true or false, got {_shown(given)}", "Write true or false."
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        return f"{_shown(given)} is out of range: it must be {word} {context[key]:g}", "Change the number."
    if kind == "too_short":
        return "nothing is listed", "List at least one."
    if kind in ("too_long", "string_too_long"):
        return f"more than {context['max_length']:,} {'items' if kind == 'too_long' else 'characters'}", "Shorten it."
    if kind == "string_too_short":
        return "the text is empty", "Write something."
    if kind == "string_pattern_mismatch":
        return f"{_shown(given)} is not written as expected", "Write three capital letters (ISO 4217), such as EUR."
    if kind.startswith("date"):
        return f"{_shown(given)} is no date", "Write YYYY-MM-DD."
    return str(finding["msg"]), "See docs/scenario.md."


def _unknown_kind(given: object, expected: str) -> tuple[str, str]:
    if not isinstance(given, dict):
        return f"{expected}; got {kind_of(given)}", "Write {kind: …} with the keys of that kind."
    if "kind" not in given:
        return expected, "Say which by `kind:`."
    return f"{_shown(given['kind'])} is no kind known here: {expected}", "Write one of these."


_NUMBERS = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of fewer digits",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _choices(expected: str) -> Iterable[str]:
    return (each.strip().strip("'") for each in expected.replace(" or ", ", ").split(",") if each.strip())


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return kind_of(value)
    if isinstance(value, int | float):
        return f"{value}"
    text = str(value)
    return f"'{text}'" if len(text) <= 40 else f"'{text[:24]}…'"


# --- keys ------------------------------------------------------------------------------------------------------


Location = tuple[str | int, ...]
"""Where Pydantic saw it: keys and indices, and the kinds by which a union was told apart."""


def _unknown_key(key: str, level: Location) -> tuple[str, str]:
    """Return the words for a key that its level does not know."""
    if key[:1].isdigit():
        return (
            f"a comma stands before '{key[:60]}', which is then read as a key of its own",
            "Write decimals after a point (1.5); put a value with commas between thousands in quotes.",
        )
    owner = _model_at(level)
    known = list(_keys(owner)) if owner else []
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    elsewhere = _homes().get(key, ())
    if near:
        remedy = f"Did you mean '{near[0]}'?"
    elif elsewhere:
        remedy = f"'{key}' belongs in {' or '.join(elsewhere[:3])}."
    else:
        remedy = f"Known here: {', '.join(known)}." if known else "Remove it."
    return f"the key '{key[:60]}' is not known here", remedy


def _how_to_write(location: Location) -> str:
    """Return the words that ask for what stands at `location`: its meaning, and the keys it needs."""
    model, owner, key = _model_at(location), _model_at(location[:-1]), location[-1]
    needed = [name for name, info in _keys(model).items() if info.is_required()] if model else []
    examples = f", with {', '.join(needed)}" if needed else ""
    info = _keys(owner).get(str(key)) if owner else None
    if info is None or not info.description:
        return f"Write keys and values{examples}."
    meaning = info.description.splitlines()[0].rstrip(".")
    return f"Write `{key}:` ({meaning[:1].lower()}{meaning[1:]}){examples}."


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _model_at(location: Location) -> type[BaseModel] | None:
    """Return the model whose keys stand at `location`, if there is one."""
    found: list[type[BaseModel]] = [Scenario]
    for part in location:
        if isinstance(part, int):
            continue
        if len(found) > 1:
            found = [model for model in found if model.model_fields["kind"].default == part]
        elif found and part in (keys := _keys(found[0])):
            found = _models_in(keys[part].annotation)
        else:
            return None
    return found[0] if len(found) == 1 else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models within an annotation such as `tuple[Workload, ...]` or `Slo | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, UnionType, tuple):
        return [model for each in get_args(annotation) for model in _models_in(each)]
    return []


@lru_cache(maxsize=1)
def _homes() -> Mapping[str, tuple[str, ...]]:
    """Return, for every key, the sections that know it."""
    homes: dict[str, list[str]] = {}

    def visit(model: type[BaseModel], place: str) -> None:
        for name, info in model.model_fields.items():
            key = info.alias or name
            homes.setdefault(key, []).append(place or "the top of the file")
            inner = _models_in(info.annotation)
            if len(inner) == 1:
                visit(inner[0], f"{place}.{key}" if place else key)

    visit(Scenario, "")
    for kind, model in SITE_TYPES.items():
        visit(model, f"a site of kind {kind}")
    return {key: tuple(places) for key, places in homes.items()}
