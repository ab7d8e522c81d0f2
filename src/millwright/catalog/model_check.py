"""Is a model's entry sound? Its form, its names, and its sizes against what its maker and its name say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from millwright.catalog.architecture import Architecture
from millwright.catalog.huggingface import architecture_from_entry, dialect_of
from millwright.catalog.models import normalise_model_name, parameters_in_name
from millwright.catalog.units import Measure, measure_of
from millwright.errors import InputError

MODEL_IDENTITY = frozenset(
    {"id", "name", "aliases", "licence", "licence_conditions", "native_precision", "assumptions", "config", "facts"}
)
"""Plain fields that a model's entry may have."""

MODEL_FACTS: Mapping[str, Measure] = {
    "config": Measure.TEXT,  # where in its source the config stands; its date and quality go for every field of it
    "published_parameters": Measure.PARAMETERS,
    "published_active_parameters": Measure.PARAMETERS,
}
"""Facts that a model's entry may have, and what they measure."""

COUNT_TOLERANCE = 0.02
"""How far our count of weights may be from the maker's, as a share."""

_NAME_TOLERANCE = 1.75  # names round down and leave embeddings out: Falcon3-1B has 1.67 billion
_ID = re.compile(r"[a-z0-9][a-z0-9.]*(-[a-z0-9.]+)*")
_NEEDED = ("id", "name", "licence", "licence_conditions", "config")


def faults_of_model(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (field, what is wrong) for everything amiss in one entry of kind `models`; nothing for a sound one."""
    for field in _NEEDED:
        if not entry.get(field):
            yield field, "is missing"
    if not _ID.fullmatch(str(entry.get("id", ""))):
        yield "id", "is lower-case words, numbers and dots, joined by hyphens"
    for field in entry.keys() - MODEL_IDENTITY:
        yield field, "unknown field"
    yield from _faults_of_facts(entry.get("facts", {}))
    yield from _faults_of_names(entry)
    try:
        built = architecture_from_entry(entry)
    except (InputError, KeyError, TypeError) as error:
        yield "config", f"cannot be read: {error}"
        return
    if dialect_of(built.family) is None:
        yield "config", f"model type '{built.family}' is not known"
    yield from _faults_of_sizes(built)


def _faults_of_facts(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "config" not in facts:
        yield "facts", "the fact `config` is missing: source, date and quality of the config"
    for name, raw in facts.items():
        expected = MODEL_FACTS.get(name)
        unit = raw[1] if isinstance(raw, list) and len(raw) > 1 else raw.get("unit") if isinstance(raw, dict) else None
        if expected is None:
            yield name, "unknown fact"
        elif unit is None or measure_of(unit) is not expected:
            yield name, f"'{unit}' is not a unit of {expected.name.lower()}"


def _faults_of_names(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    aliases = entry.get("aliases", ())
    folded = [alias.casefold() for alias in aliases]
    for alias in {alias for alias in folded if folded.count(alias) > 1}:
        yield "aliases", f"'{alias}' stands twice"
    for alias in aliases:
        if not normalise_model_name(alias):
            yield "aliases", f"'{alias}' has no word to go by"


def _faults_of_sizes(model: Architecture) -> Iterator[tuple[str, str]]:
    counted, active = model.weight_parameters(), model.active_parameters()
    published = model.published_parameters
    if published is not None and abs(counted / published - 1) > COUNT_TOLERANCE:
        yield "published_parameters", f"{published:,.0f} published, {counted:,} counted"
    for name in (model.id, model.name, *model.aliases):
        stated = parameters_in_name(name)[0]
        off = [max(stated / size, size / stated) for size in (counted, active)] if stated else [1.0]
        if min(off) > _NAME_TOLERANCE and not _EXPERTS_IN_NAME.search(name):
            yield "aliases", f"'{name}' states {stated:,.0f} parameters, {counted:,} counted"


_EXPERTS_IN_NAME = re.compile(r"\d+b-\d+b", re.IGNORECASE)  # OLMoE-1B-7B: active, then total
