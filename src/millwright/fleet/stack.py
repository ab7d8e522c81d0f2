"""Which engine a device is planned with, and that engine's scheduler limits."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.perf.deployment import Engine, SchedulerLimits
from millwright.perf.engines import engine_profile

_DATA = Path(__file__).parent / "data" / "stacks.json"


@lru_cache(maxsize=1)
def _stacks() -> tuple[tuple[frozenset[str], str], ...]:
    entries = json.loads(_DATA.read_text(encoding="utf-8"))["entries"]
    return tuple((frozenset(entry["families"]), entry["engine"]) for entry in entries)


def engine_for(device: Device) -> Engine:
    """Return the engine that `device` is planned with, in its newest known version."""
    for families, name in _stacks():
        if device.family in families or "*" in families:
            return Engine(name)
    raise LookupError("the last entry of stacks.json takes every family ('*')")


def default_limits(engine: Engine, model: Architecture) -> SchedulerLimits:
    """Return the scheduler limits that `engine` starts with for `model`."""
    profile = engine_profile(engine.name)
    return SchedulerLimits(
        max_num_seqs=profile.max_num_seqs,
        max_num_batched_tokens=profile.max_num_batched_tokens,
        block_size_tokens=profile.block_size_tokens,
        max_model_len_tokens=max(model.max_context_tokens, 1),
    )
