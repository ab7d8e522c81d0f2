"""Which engines a device can be planned with, and an engine's scheduler limits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.perf.deployment import Engine, SchedulerLimits
from millwright.perf.engines import engine_id, engine_profile

_DATA = Path(__file__).parent / "data" / "stacks.json"


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


def default_limits(engine: Engine, model: Architecture) -> SchedulerLimits:
    """Return the scheduler limits that `engine` starts with for `model`."""
    profile = engine_profile(engine.name)
    return SchedulerLimits(
        max_num_seqs=profile.max_num_seqs,
        max_num_batched_tokens=profile.max_num_batched_tokens,
        block_size_tokens=profile.block_size_tokens,
        max_model_len_tokens=max(model.max_context_tokens, 1),
    )
