"""An item quoted in another currency is restated in the case's own.

The rate of the day is used throughout: a forecast of rates is no business of a cost plan, an uncertain rate is (it may
be a column of draws).
"""

from __future__ import annotations

from dataclasses import fields, replace

from millwright.finance.case import CostItem
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


def item_in(item: CostItem, rate: Value) -> CostItem:
    """Return `item` with every amount of money times `rate`, the worth of one unit quoted in units of the case."""
    changes = {
        entry.name: getattr(item, entry.name) * rate
        for entry in fields(item)
        if entry.name in MONEY_FIELDS and getattr(item, entry.name) is not None
    }
    return replace(item, **changes)
