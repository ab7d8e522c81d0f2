"""Bills: reads FOCUS or OpenCost rows (CSV), lists what it cannot read by line, and lays plan beside actual by cause.

Nothing is dropped in silence: every row is counted, or stands in the list of faults with its line and reason.
"""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from millwright.errors import InputError
from millwright.finance.cash_flow import CashFlow
from millwright.finance.discounting import FloatArray
from millwright.finance.focus_export import focus_names, month_of, month_start
from millwright.scenario.text_file import read_text_file

LARGEST_BILL_BYTES = 1 << 30


@dataclass(frozen=True)
class RowFault:
    """A row that could not be read: its line in the file (the header is line 1) and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Bill:
    """What a bill says: money by cause and month (YYYY-MM), in one currency.

    `rows` is how many there are; each is either counted in `by_cause` or stands in `faults`.
    """

    currency: str
    months: tuple[str, ...]
    by_cause: Mapping[str, FloatArray]
    rows: int
    faults: tuple[RowFault, ...]

    @property
    def rows_read(self) -> int:
        """How many rows were counted."""
        return self.rows - len(self.faults)

    @property
    def total(self) -> float:
        """The sum of all rows that were counted."""
        return float(sum(amounts.sum() for amounts in self.by_cause.values()))


@dataclass(frozen=True)
class _Form:
    """Where a kind of bill keeps what we need."""

    cost: tuple[str, ...]  # the first that a file has
    start: str
    currency: str | None
    service: tuple[str, ...]


_FOCUS = _Form(("EffectiveCost", "BilledCost"), "ChargePeriodStart", "BillingCurrency", ("x_Cause", "ServiceCategory"))
_OPENCOST = _Form(("totalCost", "TotalCost"), "start", None, ())
_OPENCOST_PARTS = {
    "cpuCost": "rent", "gpuCost": "rent", "ramCost": "rent", "pvCost": "storage", "networkCost": "network",
    "loadBalancerCost": "network", "sharedCost": "shared", "externalCost": "other",
}  # fmt: skip


def read_bill(path: Path, *, cost_column: str = "", currency: str = "") -> Bill:
    """Return the bill at `path`: a CSV with FOCUS columns, or OpenCost's allocation export.

    `cost_column` picks another of FOCUS' costs (default EffectiveCost, which spreads what was paid in advance);
    `currency` is needed where the file names none (OpenCost). Raises InputError when it is neither kind of file.
    """
    text = read_text_file(path, "a bill (CSV of FOCUS or OpenCost)", "Export fewer months.", LARGEST_BILL_BYTES)
    lines = io.StringIO(text, newline="").readlines()
    header = next(csv.reader(lines[:1]), None)
    if not header:
        raise InputError("the bill is empty", str(path), "Export it again.")
    return _read(header, lines, str(path), cost_column, currency)


@dataclass(frozen=True)
class _Layout:
    """Where the columns we need stand in a bill; `parts` (column → cause) where costs come already split."""

    width: int
    start_at: int
    currency_at: int | None
    cost_at: int | None
    cause_at: tuple[int, ...]
    parts: Mapping[int, str]

    def charges(self, row: Sequence[str]) -> list[tuple[str, float]]:
        """Return (cause, amount) of a row. Raises _UnreadableError."""
        if self.cost_at is None:
            return [(cause, _amount(row[at])) for at, cause in self.parts.items()]
        return [(self._cause(row), _amount(row[self.cost_at]))]

    def _cause(self, row: Sequence[str]) -> str:
        names = focus_names()
        for at in self.cause_at:
            text = row[at].strip().lower()
            if text:
                known = text in names["category_of_cause"]
                return text if known else str(names["cause_of_category"].get(text, names["other_cause"]))
        return str(names["other_cause"])


def _layout(header: Sequence[str], path: str, cost_column: str) -> _Layout:
    place = {name.strip(): k for k, name in enumerate(header)}
    form = _FOCUS if _FOCUS.start in place else _OPENCOST if _OPENCOST.start in place else None
    if form is None:
        raise InputError(
            f"the bill has neither '{_FOCUS.start}' (FOCUS) nor '{_OPENCOST.start}' (OpenCost)",
            f"{path}:1",
            f"It has {', '.join(header[:8])} …",
        )
    if cost_column and cost_column not in place:
        raise InputError(f"the bill has no column '{cost_column}'", f"{path}:1", "Pick one of its own.")
    parts = {} if form is _FOCUS else {place[name]: cause for name, cause in _OPENCOST_PARTS.items() if name in place}
    costs = [cost_column] if cost_column else [name for name in form.cost if name in place]
    if not costs and not parts:
        raise InputError(f"the bill has none of the columns {', '.join(form.cost)}", f"{path}:1", "Export one of them.")
    return _Layout(
        width=len(header),
        start_at=place[form.start],
        currency_at=None if form.currency is None else place.get(form.currency),
        cost_at=None if parts else place[costs[0]],
        cause_at=tuple(place[name] for name in form.service if name in place),
        parts=parts,
    )


def _read(header: Sequence[str], lines: Sequence[str], path: str, cost_column: str, currency: str) -> Bill:
    layout = _layout(header, path, cost_column)
    if layout.currency_at is None and not currency:
        raise InputError("the bill names no currency", f"{path}:1", "Say which it is in.")
    sums: defaultdict[tuple[str, str], float] = defaultdict(float)
    faults: list[RowFault] = []
    count = 0
    for line, row in rows_with_lines(lines, len(header)):
        count += 1
        try:
            if isinstance(row, str):
                raise _UnreadableError(row)
            if len(row) != layout.width:
                raise _UnreadableError(f"{len(row)} fields, the header has {layout.width}")
            month = _month(row[layout.start_at])
            if layout.currency_at is not None:
                currency = _same_currency(row[layout.currency_at], currency)
            for cause, amount in layout.charges(row):
                sums[cause, month] += amount
        except _UnreadableError as fault:
            faults.append(RowFault(line, str(fault)))
    months = tuple(sorted({month for _, month in sums}))
    by_cause = {
        cause: np.array([sums.get((cause, month), 0.0) for month in months])
        for cause in dict.fromkeys(cause for cause, _ in sums)
    }
    return Bill(currency, months, by_cause, count, tuple(faults))


def rows_with_lines(lines: Sequence[str], width: int) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (line, row) of the rows after the header, without empty ones; for what is no CSV, the reason instead.

    `lines` are the file's, line ends included; `width` is how many fields a row should have. A quotation mark that is
    never closed would swallow the rows after it: then its own line is at fault, and reading goes on with the next.
    """
    start = 1
    while start < len(lines):
        reader = csv.reader((lines[k] for k in range(start, len(lines))), strict=True)
        first = start
        try:
            for row in reader:
                after = start + reader.line_num
                if len(row) != width and after - first > 1:
                    raise csv.Error("a quotation mark is not closed")
                if row:
                    yield first + 1, row
                first = after
        except csv.Error as error:
            yield first + 1, f"no CSV: {error}"
            start = first + 1
            continue
        return


class _UnreadableError(Exception):
    """Why a row cannot be read."""


def _same_currency(text: str, currency: str) -> str:
    named = text.strip().upper()
    if len(named) != 3 or not named.isalpha():
        raise _UnreadableError(f"'{named[:20]}' is no currency")
    if currency and named != currency:
        raise _UnreadableError(f"in {named}, the bill is in {currency}")
    return named


def _amount(text: str) -> float:
    if not text.strip():
        raise _UnreadableError("the cost is empty")
    try:
        amount = float(text)
    except ValueError:
        raise _UnreadableError(f"'{text[:20]}' is no cost") from None
    if not math.isfinite(amount):
        raise _UnreadableError(f"'{text[:20]}' is no finite cost")
    return amount


def _month(text: str) -> str:
    month = text.strip()[:7]
    if (
        len(month) == 7
        and month[4] == "-"
        and month[:4].isdigit()
        and month[5:].isdigit()
        and 1 <= int(month[5:]) <= 12
    ):
        return month
    raise _UnreadableError(f"'{text[:20]}' is no date; it begins with YYYY-MM")


@dataclass(frozen=True)
class PlanAgainstActual:
    """One cause over the months of the bill: planned, billed, and the difference (billed − planned)."""

    cause: str
    planned: float
    actual: float

    @property
    def difference(self) -> float:
        """Billed less planned: positive is more than planned."""
        return self.actual - self.planned


def plan_against_actual(flow: CashFlow, start: str, bill: Bill) -> tuple[PlanAgainstActual, ...]:
    """Return plan and bill by cause, over the months that both cover, the largest difference first.

    `start` is the plan's first month (YYYY-MM). Raises InputError when the currencies differ or no month is shared.
    """
    if bill.currency != flow.currency:
        raise InputError(f"the plan is in {flow.currency}, the bill in {bill.currency}", remedy="Convert one of them.")
    planned = planned_by_month(flow)
    horizon = flow.total.shape[-1] - 1
    names = {month_start(start, month)[:7]: month for month in range(horizon)}
    shared = [name for name in bill.months if name in names]
    if not shared:
        span = f"from {bill.months[0]} to {bill.months[-1]}" if bill.months else "over no month"
        raise InputError(f"the bill runs {span}, the plan from {start}", remedy="Set the case's 'start'.")
    plan_at, bill_at = [names[name] for name in shared], [bill.months.index(name) for name in shared]
    nothing = np.zeros(max(horizon, len(bill.months)))
    rows = [
        PlanAgainstActual(
            cause,
            float(planned.get(cause, nothing)[plan_at].sum()),
            float(bill.by_cause.get(cause, nothing)[bill_at].sum()),
        )
        for cause in dict.fromkeys([*planned, *bill.by_cause])
    ]
    return tuple(sorted(rows, key=lambda row: -abs(row.difference)))


def planned_by_month(flow: CashFlow) -> dict[str, FloatArray]:
    """Return the plan's money by cause and month (months,): what is paid at t = 0 counts to the first month."""
    horizon = flow.total.shape[-1] - 1
    planned: dict[str, FloatArray] = {}
    for line in flow.lines:
        amounts = np.broadcast_to(np.ravel(line.amounts), (horizon + 1,))
        months = planned.setdefault(line.cause, np.zeros(horizon))
        for t in np.flatnonzero(amounts):
            months[month_of(line, int(t), horizon)] += amounts[t]
    return planned
