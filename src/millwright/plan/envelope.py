"""Who is cheapest at which demand: the lower envelope of each kind's options over multiples of today's demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from millwright.finance.figures import npv_cost
from millwright.plan.costing import Inputs
from millwright.plan.model import Kind
from millwright.plan.priced import PricedOption, costs_over_demand

MULTIPLES = tuple(float(x) for x in np.geomspace(0.1, 1000.0, 17))
"""Multiples of today's demand that are looked at: four decades, 1 among them."""


@dataclass(frozen=True)
class Envelope:
    """The cheapest option of one kind at each of the `MULTIPLES` of today's demand, and its present cost (multiples,)
    [currency]."""

    kind: Kind
    options: tuple[PricedOption, ...]
    costs: NDArray[np.float64]

    def at(self, multiple: float, central: Inputs) -> float:
        """Return the present cost of the kind's cheapest option at any `multiple` between those looked at."""
        index = int(np.clip(np.searchsorted(MULTIPLES, multiple), 1, len(MULTIPLES) - 1))
        near = {option.id: option for option in (self.options[index - 1], self.options[index])}
        return min(float(npv_cost(option.case(central, multiple))) for option in near.values())

    def cheapest_at(self, multiple: float) -> PricedOption:
        """Return the kind's cheapest option at the multiple looked at that is nearest from above."""
        return self.options[int(np.clip(np.searchsorted(MULTIPLES, multiple), 0, len(MULTIPLES) - 1))]

    def cheapest_below(self, multiple: float) -> PricedOption:
        """Return the kind's cheapest option at the multiple looked at that is nearest from below."""
        return self.options[int(np.clip(np.searchsorted(MULTIPLES, multiple) - 1, 0, len(MULTIPLES) - 1))]


def envelope(kind: Kind, ranked: Sequence[PricedOption], central: Inputs) -> Envelope | None:
    """Return the envelope of the options of `kind`; None when there is none."""
    options = [option for option in ranked if option.kind is kind]
    if not options:
        return None
    costs = np.stack([costs_over_demand(option, central, MULTIPLES)[0] for option in options], axis=1)
    best = costs.argmin(axis=1)
    return Envelope(kind, tuple(options[index] for index in best), costs.min(axis=1))


def crossing(one: Envelope, other: Envelope, central: Inputs) -> float | None:
    """Return the multiple of demand nearest to today's at which the cheaper of two kinds changes; None: never.

    Whole machines make the costs jump, so the change is looked up on the grid and then bisected on the logarithm.
    """
    signs = np.sign(one.costs - other.costs)
    changes = np.flatnonzero(signs[1:] * signs[:-1] < 0.0)
    if not changes.size:
        return None
    today = int(np.argmin(np.abs(np.log(MULTIPLES))))
    nearest = int(min(changes, key=lambda index: (abs(index + 0.5 - today), -index)))
    low, high, sign_low = MULTIPLES[nearest], MULTIPLES[nearest + 1], signs[nearest]
    for _ in range(12):
        middle = float(np.sqrt(low * high))
        if np.sign(one.at(middle, central) - other.at(middle, central)) == sign_low:
            low = middle
        else:
            high = middle
    return high
