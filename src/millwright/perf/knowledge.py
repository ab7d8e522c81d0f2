"""What the shipped fit has seen, and how far it was off where it had not: the basis and interval of a prediction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from millwright.perf.kinship import device_families
from millwright.quantity import Basis

Floats = NDArray[np.float64]

DATA = Path(__file__).parent / "data"

BASIS_OF_NOVELTY = {
    "config": Basis.FITTED,
    "cell": Basis.FITTED,
    "kin": Basis.EXTRAPOLATED,
    "device": Basis.EXTRAPOLATED,
    "model": Basis.EXTRAPOLATED,
    "long": Basis.EXTRAPOLATED,
    "family": Basis.DATASHEET,
    "both": Basis.DATASHEET,
}


_SOON_YEARS = 0.1
"""Software five weeks newer than what was measured is taken to be the same."""


@dataclass(frozen=True)
class Known:
    """What the fit has seen, and how far measured points lay from predictions, by novelty and sort of point.

    `devices` names the family of each. Models are named by their blocks (`blocks_id`). `spreads[novelty][sort]` is
    (3, 2): the 10 % and 90 % quantiles of log(measured / predicted) of points that were as new to a fit.
    """

    devices: Mapping[str, str]
    models: frozenset[str]
    cells: Mapping[str, float]
    """By `device|model|engine|format`: when the newest engine measured was current [years, as deployments' labels]."""
    spreads: Mapping[str, Mapping[str, Floats]]
    longest_tokens: float = np.inf
    """Prompts up to this length are what the fit has seen plenty of [tokens]."""

    def novelty(self, labels: Mapping[str, str | float], prompt_tokens: float = 0.0) -> str:
        """Return how new a point is, from the labels of its deployment.

        `config`: device and model were measured with this engine and format, and with software as new; `cell`: each of
        them with others. `kin`: a new device, but one of its family was measured so; `device`: with another model,
        engine or format; `family`: no device of its family was measured, whatever else is new. `model`: a new model.
        `long`: a prompt longer than any that is known well. `both`: new in two respects.
        """
        device, model = str(labels["device"]), str(labels["blocks"])
        new_device, new_model = device not in self.devices, model not in self.models
        too_long = prompt_tokens > self.longest_tokens
        if new_device and labels["family"] not in self.devices.values():
            return "family"
        if new_device + new_model + too_long > 1:
            return "both"
        if new_device:
            return "kin" if cell_of(labels, "family") in self._cells_of_families else "device"
        if new_model or too_long:
            return "model" if new_model else "long"
        newest = self.cells.get(cell_of(labels))
        return "cell" if newest is None or float(labels["year"]) > newest + _SOON_YEARS else "config"

    @cached_property
    def _cells_of_families(self) -> frozenset[str]:
        parted = (cell.partition("|") for cell in self.cells)
        return frozenset(f"{self.devices[device]}|{rest}" for device, _, rest in parted)


def cell_of(labels: Mapping[str, str | float], where: str = "device") -> str:
    """Return the cell of a deployment's labels, `device|model|engine|format`; of its family with `where` so."""
    return "|".join(str(labels[name]) for name in (where, "blocks", "engine", "format"))


@lru_cache(maxsize=1)
def shipped_knowledge() -> Known:
    """Return what the shipped fit has seen."""
    contents = json.loads((DATA / "known.json").read_text())
    spreads = {
        novelty: {sort: np.array(values, dtype=np.float64) for sort, values in sorts.items()}
        for novelty, sorts in contents["spreads"].items()
    }
    families = device_families()
    devices = {device: families[device] for device in contents["devices"]}
    return Known(devices, frozenset(contents["models"]), contents["cells"], spreads, contents["longest_tokens"])
