"""Which engines a device can be planned with, and an engine's scheduler limits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.perf.coefficients import shipped_coefficients
from millwright.perf.deployment import Engine, SchedulerLimits
from millwright.perf.engines import engine_id, engine_profile

_DATA = Path(__file__).parent / "data" / "stacks.json"


class Capability(StrEnum):
    """What an engine may offer beside tensor parallelism."""

    PIPELINE = "pipeline"
    EXPERTS = "experts"  # experts dealt out whole rather than cut
    DP_ATTENTION = "dp_attention"  # attention and cache per device, experts shared by all
    DISAGGREGATED = "disaggregated"  # prompts on some replicas, answers on others


@lru_cache(maxsize=64)
def capabilities(engine: str) -> frozenset[Capability]:
    """Return what an engine offers beside tensor parallelism; an engine that is not listed offers nothing."""
    listed = json.loads(_DATA.read_text(encoding="utf-8"))["capabilities"]
    return frozenset(Capability(each) for each in listed.get(engine_id(engine), {}).get("offers", ()))


@lru_cache(maxsize=1)
def _stacks() -> tuple[tuple[frozenset[str], tuple[str, ...]], ...]:
    entries = json.loads(_DATA.read_text(encoding="utf-8"))["entries"]
    return tuple((frozenset(entry["families"]), tuple(entry["engines"])) for entry in entries)


def engines_of(device: Device) -> tuple[str, ...]:
    """Return the ids of the engines that `device` can be planned with, the usual one first."""
    return next(names for families, names in _stacks() if device.family in families or "*" in families)


def engine_for(device: Device, allowed: Iterable[str] | None = None) -> Engine:
    """Return the engine that `device` is planned with, in its newest known version.

    `allowed` are the engines that may be used, by any of their names; None: all. Raises LookupError when none of them
    runs on the device.
    """
    wanted = None if allowed is None else {engine_id(name) for name in allowed}
    for name in engines_of(device):
        if wanted is None or name in wanted:
            return Engine(name)
    raise LookupError(f"{device.name} is planned with {', '.join(engines_of(device))} only")


def engines_to_compare(
    device: Device, allowed: Iterable[str] | None = None, model: Architecture | None = None
) -> tuple[Engine, ...]:
    """Return the engines to search over on `device`, the usual one first.

    Beside the usual one these are the engines whose speed on this family of devices was fitted to measurements: a
    comparison of engines that nobody measured would compare assumptions. Engines that the user allows by name (at least
    two) are all compared. A `model` of a family that none of them serves has engines of its own. Raises LookupError
    when none of them runs on the device.
    """
    if model is not None and (own := _engines_of_models().get(model.family)):
        return tuple(Engine(name) for name in own)
    names = None if allowed is None else tuple(allowed)
    usual = engine_for(device, names)
    wanted = None if names is None else {engine_id(name) for name in names}
    measured = _fitted_pairs()
    others = (
        Engine(name)
        for name in engines_of(device)
        if name != usual.name and (f"{name}|{device.family}" in measured if wanted is None else name in wanted)
    )
    return (usual, *others)


@lru_cache(maxsize=1)
def _engines_of_models() -> dict[str, tuple[str, ...]]:
    """Return the engines of the families of models that no engine of language models serves."""
    listed = json.loads(_DATA.read_text(encoding="utf-8"))["models"]
    return {family: tuple(engines) for family, engines in listed.items()}


@lru_cache(maxsize=1)
def _fitted_pairs() -> frozenset[str]:
    """Return the pairs `engine|family` of which the fit knows something of their own."""
    return frozenset(level for (_, dimension, level) in shipped_coefficients().effects if dimension == "engine-family")


def default_limits(engine: Engine, model: Architecture) -> SchedulerLimits:
    """Return the scheduler limits that `engine` starts with for `model`."""
    profile = engine_profile(engine.name)
    return SchedulerLimits(
        max_num_seqs=profile.max_num_seqs,
        max_num_batched_tokens=profile.max_num_batched_tokens,
        block_size_tokens=profile.block_size_tokens,
        max_model_len_tokens=max(model.max_context_tokens, 1),
        chunked_prefill=not model.one_pass,  # every token of an input looks at every other
    )
