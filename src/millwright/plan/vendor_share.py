"""How much of all tokens depends on one vendor: a maker of devices, or the provider of an API."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from millwright.plan.model import RefusalReason, Stage

if TYPE_CHECKING:
    from millwright.plan.priced import PricedPart

_ROUNDING = 1e-9
"""A share above the limit by rounding alone keeps it."""


def vendor_share_broken(parts: Sequence[PricedPart], most_share: float | None) -> list[RefusalReason]:
    """Return why `parts` leave more than `most_share` [-] of all tokens of some month with one vendor, if they do."""
    if most_share is None:
        return []
    name, share = max(_shares(parts).items(), key=lambda each: each[1])
    if share <= most_share + _ROUNDING:
        return []
    text = f"{100 * share:.3g} % of all tokens depend on {name}, and `max_vendor_share` is {100 * most_share:.3g} %"
    return [RefusalReason(stage=Stage.LIMIT, summary="too much depends on one vendor", text=text)]


def _shares(parts: Sequence[PricedPart]) -> dict[str, float]:
    """Return each vendor's share of all tokens in the month in which it has most."""
    by_vendor: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(1))
    for part in parts:
        demand = part.serving.demand.as_case_demand()
        by_vendor[_vendor(part)] = by_vendor[_vendor(part)] + np.asarray(demand.input_tokens + demand.output_tokens)
    total = sum(by_vendor.values())
    with np.errstate(divide="ignore", invalid="ignore"):
        return {name: float(np.nanmax(tokens / total)) for name, tokens in by_vendor.items()}


def _vendor(part: PricedPart) -> str:
    platform, api = part.draft.platform, part.draft.api
    if platform is not None:
        return platform.device.vendor
    return "" if api is None else api.provider_id
