"""Currencies: a case or an item quoted in one is restated in another by a dated rate.

The rate of the day is used throughout: a forecast of rates is no business of a cost plan, an uncertain rate is (it may
be a column of draws).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from millwright.finance.case import CaseError, CostCase, CostItem
from millwright.finance.discounting import Value

MONEY_FIELDS = frozenset(
    {
        "price",
        "install",
        "decommission",
        "tariff_per_kwh",
        "demand_charge_per_kw_month",
        "price_per_kw_month",
        "remote_hands_price_per_h",
        "price_per_h",
        "committed_price_per_h",
        "upfront",
        "input_price_per_mtok",
        "output_price_per_mtok",
        "cached_input_price_per_mtok",
        "cost_per_fte_y",
        "price_per_unit_month",
        "price_per_mtok",
        "per_month",
        "at_end",
    }
)
"""Fields of cost items that are money; everything else is a count, a share, a time or a rate."""


@dataclass(frozen=True)
class ExchangeRate:
    """One unit of `quoted` is worth `rate` units of `wanted`, as of `date` (ISO)."""

    quoted: str
    wanted: str
    rate: Value
    date: str
    source: str

    def __post_init__(self) -> None:
        if np.any(np.asarray(self.rate) <= 0.0):
            raise CaseError(f"the rate from {self.quoted} to {self.wanted} is {self.rate}; it must be above 0")

    def back(self) -> ExchangeRate:
        """Return the rate the other way: 1/rate."""
        return replace(self, quoted=self.wanted, wanted=self.quoted, rate=1.0 / self.rate)


def item_in(item: CostItem, rate: Value) -> CostItem:
    """Return `item` with every amount of money times `rate`."""
    changes = {
        entry.name: getattr(item, entry.name) * rate
        for entry in fields(item)
        if entry.name in MONEY_FIELDS and getattr(item, entry.name) is not None
    }
    return replace(item, **changes)


def case_in(case: CostCase, rate: ExchangeRate) -> CostCase:
    """Return `case` in the currency `rate.wanted`. Raises CaseError when it is not in `rate.quoted`."""
    if case.currency != rate.quoted:
        raise CaseError(f"'{case.name}' is in {case.currency}, the rate is from {rate.quoted}")
    return replace(
        case,
        currency=rate.wanted,
        items=tuple(item_in(item, rate.rate) for item in case.items),
        carbon_price_per_t=case.carbon_price_per_t * rate.rate,
    )
