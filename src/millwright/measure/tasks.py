"""Public tasks that benchmarks run: how long their prompts are, and which part of a run their figures are of.

Tables name the task and leave out both. ML.ENERGY sends all requests of a run at once, and measures from the moment on
at which as many have answered as the server runs together, to that at which so many are left: of a short run that is
little more than its first wave. `data/tasks.json` has what its configs say.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_DATA = Path(__file__).parent / "data" / "tasks.json"

_VARIANCE = 0.5
"""Squared relative spread assumed of the lengths of answers that end where the model ends them."""

_LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Window:
    """What part of a run is measured. `prompts`: prompts computed in it, relative to one per answer's tokens.
    `age`: tokens that a running sequence has answered so far, on average, relative to a whole answer."""

    prompts: float = 1.0
    age: float = 0.5


@dataclass(frozen=True)
class Task:
    """One task: prompts of `prompt_tokens` on average, those of certain models apart, of which `shared_tokens` are in
    the cache already; `requests` times `repeats` (up to how many users, how often) in a run."""

    id: str
    prompt_tokens: float
    shared_tokens: float
    model_tokens: Sequence[tuple[str, float]]
    requests: int
    repeats: Sequence[tuple[int, int]]

    def prompt_of(self, model_name: str) -> float:
        """Return the mean length of a prompt [token] as the model of that name reads it, pictures included."""
        lowered = model_name.lower()
        return next((tokens for word, tokens in self.model_tokens if word in lowered), self.prompt_tokens)

    def window(self, users: float) -> Window:
        """Return what is measured of a run with `users` running together.

        Each of them is a renewal process that starts at age 0; the window ends when all but the last `users` requests
        are done. Of answers whose lengths have the relative variance v, M(T) ≈ T − (1 − v)/2 are done per user after
        the time of T answers, and the mean age goes to (1 + v)/2.
        """
        times = next((count for most, count in self.repeats if users <= most), self.repeats[-1][1])
        done = max(self.requests * times / max(users, 1.0) - 1.0, _LEAST_SHARE)
        length = done + (1.0 - _VARIANCE) / 2.0
        settled = (1.0 + _VARIANCE) / 2.0
        age = settled * (1.0 - (1.0 - math.exp(-length / settled)) * settled / length)
        return Window(done / length, age)


@lru_cache(maxsize=1)
def known_tasks() -> Mapping[str, Task]:
    """Return the tasks that the package knows, by the word that tables use for them."""
    entries = json.loads(_DATA.read_text(encoding="utf-8"))["tasks"]
    return {
        each["id"]: Task(
            each["id"],
            float(each["prompt_tokens"]),
            float(each.get("shared_tokens", 0.0)),
            tuple((one["model"], float(one["tokens"])) for one in each.get("models", ())),
            each["requests"],
            tuple((most, count) for most, count in each["repeats"]),
        )
        for each in entries
    }
