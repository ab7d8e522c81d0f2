"""The view after tax: what depreciation, interest and running costs save in tax, and what resale is taxed.

It is assumed that the organisation earns enough elsewhere to use every deduction in the year it arises. Relief falls
due at the end of each year of the asset, for running costs and interest in the month they are paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from millwright.finance.case import CaseError, Cause, CostCase, Financing, OwnedHosts
from millwright.finance.cash_flow import CashFlow, cash_flow
from millwright.finance.discounting import FloatArray, Value, monthly_rate
from millwright.finance.ledger import Input, Kind, Line
from millwright.finance.owned import owned_lines
from millwright.spans import MONTHS_PER_YEAR

MACRS_5 = (0.20, 0.32, 0.192, 0.1152, 0.1152, 0.0576)
"""Five-year property, half-year convention: IRS Publication 946 (2023), table A-1."""


class Depreciation(StrEnum):
    """How the price of an asset becomes an expense."""

    STRAIGHT_LINE = "straight line"
    DECLINING = "declining"
    MACRS_5 = "macrs 5"


@dataclass(frozen=True)
class Tax:
    """Rate of the tax on profit [share] and the shares of an asset's price written off in its year 1, 2 …"""

    rate: Value
    shares_by_year: tuple[float, ...]
    source: str = ""

    def __post_init__(self) -> None:
        if abs(sum(self.shares_by_year) - 1.0) > 1e-9:
            raise CaseError(f"the depreciation shares add up to {sum(self.shares_by_year)}; they must add up to 1")


def straight_line(years: int) -> tuple[float, ...]:
    """Return equal shares over `years`: 1/n each."""
    return (1.0 / years,) * years


def declining_balance(rate_per_y: float, years: int) -> tuple[float, ...]:
    """Return the shares of a declining balance that turns to a straight line once that writes off more.

    Year k takes max(rate · book, book/(years left)), so the shares add up to 1.

    >>> declining_balance(0.5, 4)
    (0.5, 0.25, 0.125, 0.125)
    """
    book, shares = 1.0, []
    for year in range(years):
        share = max(rate_per_y * book, book / (years - year))
        shares.append(share)
        book -= share
    return tuple(shares)


def depreciation_shares(method: Depreciation, years: int = 5, rate_per_y: float = 0.4) -> tuple[float, ...]:
    """Return the yearly shares of a method; MACRS-5 knows its own years."""
    if method is Depreciation.MACRS_5:
        return MACRS_5
    return straight_line(years) if method is Depreciation.STRAIGHT_LINE else declining_balance(rate_per_y, years)


def depreciation(capital: FloatArray, shares_by_year: tuple[float, ...]) -> tuple[FloatArray, Value]:
    """Return what is written off at t = 0…T of `capital` spent at t, and the book value left at T (draws, 1) or float.

    A sum spent at s is written off at s + 12, s + 24 …, so the first year's share is never taken at once.
    """
    written = np.zeros_like(capital)
    for year, share in enumerate(shares_by_year, start=1):
        months = year * MONTHS_PER_YEAR
        if months < capital.shape[-1]:
            written[..., months:] += share * capital[..., : capital.shape[-1] - months]
    book = capital.sum(axis=-1, keepdims=True) - written.sum(axis=-1, keepdims=True)
    return written, float(book[0]) if book.ndim == 1 else book


def interest(case: CostCase) -> FloatArray:
    """Return the interest in the loan payments of `case` at t = 0…T: i · balance at t − 1."""
    total: FloatArray = np.zeros(case.horizon_months + 1)
    for item in case.items:
        if not isinstance(item, OwnedHosts) or item.financing is not Financing.LOAN or item.credit is None:
            continue
        flows = sum((x.amounts for x in owned_lines(item, case) if x.kind is Kind.CREDIT), start=np.zeros(1))
        i = np.asarray(monthly_rate(item.credit.rate_per_y))
        i = i[..., 0] if i.ndim else i
        charged = np.zeros(np.broadcast_shapes(flows.shape, (*i.shape, 1)))
        balance = -flows[..., 0]
        for t in range(1, flows.shape[-1]):
            charged[..., t] = i * balance
            balance = balance + charged[..., t] - flows[..., t]
        total = total + charged
    return total


def after_tax_flow(case: CostCase, tax: Tax, flow: CashFlow | None = None) -> CashFlow:
    """Return the cash flow of `case` with the tax it saves: relief is negative, tax on resale positive.

    Relief_t = rate · (running costs_t + interest_t + depreciation_t); resale is income, and the book value left at the
    horizon is written off against it. Assets are kept as one pool: a host sold early goes on being written off.
    """
    flow = cash_flow(case) if flow is None else flow

    def summed(kind: Kind) -> FloatArray:
        return sum((line.amounts for line in flow.lines if line.kind is kind), start=np.zeros(case.horizon_months + 1))

    written, book = depreciation(summed(Kind.CAPITAL), tax.shares_by_year)
    at_end = np.zeros(case.horizon_months + 1)
    at_end[-1] = 1.0
    parts = {
        "relief on running costs": ("running_costs", summed(Kind.EXPENSE)),
        "relief on interest": ("interest", interest(case)),
        "relief on depreciation": ("depreciation", written),
        "relief on what is left in the books": ("book_value", at_end * book),
        "tax on resale": ("resale", summed(Kind.RESALE)),
    }
    lines = [
        Line(
            Cause.TAX,
            part,
            -np.asarray(tax.rate) * base,
            f"-tax_rate * {name}",
            (Input("tax_rate", tax.rate, "share"), Input(name, base, case.currency)),
            Kind.TAX,
            tax.source,
        )
        for part, (name, base) in parts.items()
        if np.any(base != 0.0)
    ]
    total = sum((line.amounts for line in lines), start=flow.total)
    return CashFlow(case.currency, (*flow.lines, *lines), total)
