"""What the shipped fit has seen, and how far it was off where it had not: the basis and interval of a prediction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from millwright.quantity import Basis

Floats = NDArray[np.float64]

DATA = Path(__file__).parent / "data"

BASIS_OF_NOVELTY = {
    "config": Basis.FITTED,
    "cell": Basis.FITTED,
    "device": Basis.EXTRAPOLATED,
    "model": Basis.EXTRAPOLATED,
    "long": Basis.EXTRAPOLATED,
    "both": Basis.DATASHEET,
}


_SOON_YEARS = 0.1
"""Software five weeks newer than what was measured is taken to be the same."""


@dataclass(frozen=True)
class Known:
    """What the fit has seen, and how far measured points lay from predictions, by novelty and sort of point.

    `spreads[novelty][sort]` is (3, 2): the 10 % and 90 % quantiles of log(measured / predicted) of points whose device,
    model or pair of both had been left out of the fit.
    """

    devices: frozenset[str]
    models: frozenset[str]
    cells: Mapping[str, float]
    """By cell (`device|model`): when the newest engine measured on it was current [years, as deployments' labels]."""
    spreads: Mapping[str, Mapping[str, Floats]]
    longest_tokens: float = np.inf
    """Prompts up to this length are what the fit has seen plenty of [tokens]."""

    def novelty(self, device: str, model: str, year: float, prompt_tokens: float = 0.0) -> str:
        """Return how new a point is: `config` (known cell), `cell`, `device`, `model`, `long` or `both`.

        A cell measured only with software that was current before `year` counts as new. `long`: the prompt is longer
        than any that is known well; with a device or a model that is new as well, `both`.
        """
        new_device, new_model = device not in self.devices, model not in self.models
        too_long = prompt_tokens > self.longest_tokens
        if new_device + new_model + too_long > 1:
            return "both"
        if new_device or new_model or too_long:
            return "device" if new_device else "model" if new_model else "long"
        newest = self.cells.get(f"{device}|{model}")
        if newest is None or year > newest + _SOON_YEARS:
            return "cell"
        return "config"


@lru_cache(maxsize=1)
def shipped_knowledge() -> Known:
    """Return what the shipped fit has seen."""
    contents = json.loads((DATA / "known.json").read_text())
    spreads = {
        novelty: {sort: np.array(values, dtype=np.float64) for sort, values in sorts.items()}
        for novelty, sorts in contents["spreads"].items()
    }
    devices, models = frozenset(contents["devices"]), frozenset(contents["models"])
    return Known(devices, models, contents["cells"], spreads, contents["longest_tokens"])
