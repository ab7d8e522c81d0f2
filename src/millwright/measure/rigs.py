"""How published benchmarks start their servers: settings that tables of results leave out and latencies depend on.

A benchmark's scripts are public; its tables name neither the cache's format nor the token budget of a step. Without
them a cache of fp8 is taken to be full where it has room, and a prompt that the engine held back for thirty steps to
be slow to compute. `data/rigs.json` has what the scripts say, entry by entry; the first that matches counts. Scripts of
devices of one family are copies of each other, so a pair without a script is taken to be started as its kin.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from millwright.catalog.architecture import Architecture
from millwright.catalog.catalog import load_catalog
from millwright.catalog.device import Device
from millwright.catalog.precision import Precision
from millwright.measure.points import ServingPoint
from millwright.perf.engines import engine_id
from millwright.perf.kinship import blocks_id, device_families

_DATA = Path(__file__).parent / "data" / "rigs.json"

_EARLIEST, _UNDATED, _LATEST = "0000", "9998", "9999"
"""Bounds of dates; what has no date is taken to be of the newest settings."""

_GRAPH_ROUNDING = 64


@dataclass(frozen=True, slots=True)
class Hold:
    """Decode steps for which an engine keeps prompts back, where the conditions hold.

    `poll_steps`: it looks for new prompts once in so many steps. `batch_steps`: from the first on that waits, it
    collects prompts for so many.
    """

    poll_steps: int = 1
    batch_steps: int = 0
    least_users: int = 0
    most_users: float = math.inf
    most_input_tokens: float = math.inf
    most_output_tokens: float = math.inf
    most_tp: float = math.inf

    def covers(self, point: ServingPoint) -> bool:
        """Return whether prompts of a point are held."""
        return (
            self.least_users <= (point.level or 1.0) <= self.most_users
            and point.input_tokens <= self.most_input_tokens
            and point.output_tokens <= self.most_output_tokens
            and (point.tp or point.devices) <= self.most_tp
        )


@dataclass(frozen=True, slots=True)
class StepTokens:
    """Token budget of one step, as scripts compute it from a request's nominal prompt and the users."""

    per_prompt: float = 0.0
    per_user: float = 0.0
    plus: float = 0.0
    least: int = 0

    def of(self, prompt_tokens: float, users: float) -> int:
        """Return the budget [token] for prompts of at most `prompt_tokens`."""
        wanted = self.per_prompt * prompt_tokens + self.per_user * users + self.plus
        return max(self.least, math.ceil(wanted / _GRAPH_ROUNDING) * _GRAPH_ROUNDING)


@dataclass(frozen=True)
class Settings:
    """One entry: what it applies to (empty: to all), and what it sets."""

    engine: str
    kv: Precision
    devices: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    shapes: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    since: str = _EARLIEST
    until: str = _LATEST
    step_tokens: StepTokens | None = None
    sequences: int | None = None  # None: the engine's own limit, or as many as there are users, which never binds
    graph_tokens: int = 0  # steps with prompts of at most so many tokens are captured graphs
    holds: Sequence[Hold] = field(default_factory=tuple)

    def covers(
        self, engine: str, device: Device, model: Architecture, weights: Precision, date: str, kin: bool = False
    ) -> bool:
        """Return whether a server of this benchmark was started so.

        With `kin` an entry also speaks for devices of the same family and models of the same blocks as those it names.
        """
        day = date or _UNDATED
        if engine != self.engine or not self.since[: len(day)] <= day < self.until:
            return False
        asked = (
            (self.families, device.family),
            (self.shapes, "moe" if model.is_moe else "dense"),
            (self.formats, weights.value),
            (self._kin_families, device.family) if kin else (self.devices, device.id),
            (self._kin_blocks, blocks_id(model)) if kin else (self.models, model.id),
        )
        return all(not wanted or value in wanted for wanted, value in asked)

    @property
    def is_rule(self) -> bool:
        """Whether it names no device: what to take where no script was found."""
        return not self.devices

    @cached_property
    def _kin_families(self) -> frozenset[str]:
        return frozenset(device_families()[device] for device in self.devices)

    @cached_property
    def _kin_blocks(self) -> frozenset[str]:
        catalog = load_catalog()
        return frozenset(blocks_id(catalog.model(model)) for model in self.models)


@dataclass(frozen=True)
class Rig:
    """A benchmark: the words of its tables by which it is known, since when it warms servers up, its settings."""

    id: str
    protocols: Sequence[str]
    settings: Sequence[Settings]
    warmed_since: str = _LATEST
    model_words: Mapping[str, str] = field(default_factory=dict)  # its own short names of models
    engine_version: str = ""  # of all its servers, where it ran only one
    least_running: float = 0.0  # share of the users that ran together in any run that it publishes
    by_task: bool = False  # its protocols are tasks that differ in more than lengths
    own_machines: bool = False  # its machines of a device family are slower or faster than others' in ways not told

    def label(self, point: ServingPoint) -> str:
        """Return the label of its effects on a point: its own, or the task's."""
        return next(word for word in self.protocols if word in point.protocol) if self.by_task else self.id

    def setting(self, point: ServingPoint, device: Device, model: Architecture, weights: Precision) -> Settings | None:
        """Return how it started the server of a point; None where nothing is known of such servers.

        What a script says of this very pair comes first, then what one says of its kin, then the rules.
        """
        asked = (engine_id(point.engine), device, model, weights, point.date)
        found = (
            each
            for rules, kin in ((False, False), (False, True), (True, False))
            for each in self.settings
            if each.is_rule is rules and each.covers(*asked, kin=kin)
        )
        return next(found, None)

    def warmed(self, point: ServingPoint) -> bool:
        """Return whether the server had answered requests before those that were measured."""
        return bool(point.date) and point.date >= self.warmed_since


def rig_of(point: ServingPoint) -> Rig | None:
    """Return the benchmark whose protocol a point names, None if it is none of those known."""
    return next((rig for rig in known_rigs() if any(word in point.protocol for word in rig.protocols)), None)


def model_word(point: ServingPoint) -> str:
    """Return the model's name of a point; its benchmark's own short name for it is spelt out."""
    rig = rig_of(point)
    return point.model if rig is None else rig.model_words.get(point.model.lower(), point.model)


def server_settings(point: ServingPoint, device: Device, model: Architecture, weights: Precision) -> Settings | None:
    """Return how a point's server was started, as far as its benchmark's scripts tell."""
    rig = rig_of(point)
    return None if rig is None else rig.setting(point, device, model, weights)


def held_steps(settings: Settings | None, point: ServingPoint) -> tuple[float, float]:
    """Return for how many decode steps prompts of a point are held, (polled, collected): one of the two or neither."""
    found = [each for each in (settings.holds if settings is not None else ()) if each.covers(point)]
    return sum(each.poll_steps - 1.0 for each in found), sum(float(each.batch_steps) for each in found)


_TOLD = ("warmed_since", "model_words", "engine_version", "least_running", "by_task", "own_machines")
"""Fields of a rig that its entry may leave out."""


@lru_cache(maxsize=1)
def known_rigs() -> Sequence[Rig]:
    """Return the benchmarks that the package knows."""
    rigs = json.loads(_DATA.read_text(encoding="utf-8"))["rigs"]
    return tuple(
        Rig(
            id=each["id"],
            protocols=tuple(each["protocols"]),
            settings=tuple(map(_settings, each["settings"])),
            **{name: each[name] for name in _TOLD if name in each},
        )
        for each in rigs
    )


def _settings(entry: Mapping[str, Any]) -> Settings:
    tokens = entry.get("step_tokens")
    if isinstance(tokens, int):
        tokens = {"least": tokens}
    sequences = entry.get("sequences")
    return Settings(
        engine=entry["engine"],
        kv=Precision(entry["kv"]),
        **{name: frozenset(entry.get(name, ())) for name in ("devices", "families", "models", "shapes", "formats")},
        since=entry.get("since", _EARLIEST),
        until=entry.get("until", _LATEST),
        step_tokens=None if tokens is None else StepTokens(**tokens),
        sequences=None if sequences == "users" else sequences,
        graph_tokens=entry.get("graph_tokens", 0),
        holds=tuple(Hold(**each) for each in entry.get("holds", ())),
    )
