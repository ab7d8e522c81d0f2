"""The ledger as rows in FOCUS columns, the form of cloud bills, so that plan and bill can be laid side by side.

Columns of our own begin with `x_`, as FOCUS asks. A month's charge has that month as its period; what is paid at the
start of a month has the month that begins.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from millwright.finance.ledger import Kind, Line
from millwright.finance.pricing import PricedFile, PricedOption
from millwright.whole_file import write_whole

DEFAULT_START = "2027-01"
"""The first month where a case does not say its own; the export names it in every row."""

COLUMNS = (
    "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "BillingCurrency", "BillingPeriodStart",
    "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ChargeFrequency",
    "ChargeDescription", "ServiceCategory", "ServiceName", "x_Option", "x_Cause", "x_Part", "x_Point", "x_Formula",
    "x_Source", "x_SourceDate",
)  # fmt: skip


@lru_cache(maxsize=1)
def focus_names() -> dict[str, Any]:
    """Return the tables between our causes and FOCUS categories (`data/focus.json`)."""
    text = (files("millwright.finance") / "data" / "focus.json").read_text(encoding="utf-8")
    tables: dict[str, Any] = json.loads(text)
    return tables


def export_focus(priced: PricedFile, path: Path) -> None:
    """Write every charge of every option to `path` (CSV), whole or not at all. Raises InputError."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for option in priced.options:
        writer.writerows(_charges(option, priced.file.start or DEFAULT_START))
    write_whole(path, text.getvalue().encode("utf-8"))


def _charges(option: PricedOption, start: str) -> Iterator[dict[str, object]]:
    categories = focus_names()["category_of_cause"]
    for line in option.flow.lines:
        amounts = np.broadcast_to(np.ravel(line.amounts), (option.case.horizon_months + 1,))
        for point in np.flatnonzero(amounts):
            t = int(point)
            month = month_of(line, t, option.case.horizon_months)
            amount = repr(float(amounts[t]))
            yield {
                "BilledCost": amount,
                "EffectiveCost": amount,
                "ListCost": amount,
                "ContractedCost": amount,
                "BillingCurrency": option.flow.currency,
                "BillingPeriodStart": month_start(start, month),
                "BillingPeriodEnd": month_start(start, month + 1),
                "ChargePeriodStart": month_start(start, month),
                "ChargePeriodEnd": month_start(start, month + 1),
                "ChargeCategory": _charge_category(line),
                "ChargeFrequency": "One-Time" if line.kind is Kind.CAPITAL else "Recurring",
                "ChargeDescription": f"{line.cause}: {line.part}",
                "ServiceCategory": categories.get(line.cause, "Other"),
                "ServiceName": line.cause,
                "x_Option": option.name,
                "x_Cause": line.cause,
                "x_Part": line.part,
                "x_Point": t,
                "x_Formula": line.formula,
                "x_Source": line.source,
                "x_SourceDate": line.date,
            }


def month_of(line: Line, t: int, horizon_months: int) -> int:
    """Return the month, counted from 0, that money at point t belongs to.

    Purchases and resale fall on the start of the month after point t, all else on the month that ends there.
    """
    at_start = line.kind in (Kind.CAPITAL, Kind.RESALE) or t == 0
    return min(t if at_start else t - 1, horizon_months - 1)


def _charge_category(line: Line) -> str:
    if line.kind is Kind.TAX:
        return "Tax"
    return "Credit" if line.kind is Kind.RESALE else "Purchase" if line.kind is Kind.CAPITAL else "Usage"


def month_start(start: str, months: int) -> str:
    """Return the first instant of the month `months` after `start` (YYYY-MM), as FOCUS writes it.

    >>> month_start("2027-11", 2)
    '2028-01-01T00:00:00Z'
    """
    year, month = (int(part) for part in start.split("-"))
    count = year * 12 + month - 1 + months
    return f"{count // 12:04d}-{count % 12 + 1:02d}-01T00:00:00Z"
