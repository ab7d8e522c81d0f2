"""A small builder of mixed-integer linear programs: columns and rows as they come to mind, then solved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from millwright.integer_program import Effort, Rows, minimise


class Outcome(StrEnum):
    """What the solver found."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNFINISHED = "unfinished"
    """The nodes were used up; a solution may be there, not proven best."""


@dataclass(frozen=True)
class Solution:
    """Values by column; empty when there is none."""

    outcome: Outcome
    cost: float
    values: tuple[float, ...]
    gap: float = 0.0
    """How much cheaper a solution could be at most, as a share of the cost."""

    def __getitem__(self, column: int) -> float:
        return self.values[column]


@dataclass
class Expression:
    """A sum of columns times coefficients, and a constant."""

    terms: dict[int, float] = field(default_factory=dict)
    constant: float = 0.0

    def add(self, column: int, coefficient: float = 1.0) -> Expression:
        """Add `coefficient` times a column; returns itself."""
        self.terms[column] = self.terms.get(column, 0.0) + coefficient
        return self

    def plus(self, other: Expression, factor: float = 1.0) -> Expression:
        """Add `factor` times another expression; returns itself."""
        self.constant += factor * other.constant
        for column, coefficient in other.terms.items():
            self.add(column, factor * coefficient)
        return self


@dataclass
class LinearModel:
    """Minimise the cost of the columns, subject to rows `low ≤ Σ coefficient · column ≤ high`."""

    costs: list[float] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    integers: list[int] = field(default_factory=list)
    rows: list[tuple[Mapping[int, float], float, float]] = field(default_factory=list)

    def column(self, cost: float = 0.0, low: float = 0.0, high: float = inf, *, integer: bool = False) -> int:
        """Add a column and return its number."""
        self.costs.append(cost)
        self.lows.append(low)
        self.highs.append(high)
        self.integers.append(int(integer))
        return len(self.costs) - 1

    def at_least(self, expression: Expression, bound: float) -> None:
        """Ask that `expression ≥ bound`."""
        self.rows.append((expression.terms, bound - expression.constant, inf))

    def at_most(self, expression: Expression, bound: float) -> None:
        """Ask that `expression ≤ bound`."""
        self.rows.append((expression.terms, -inf, bound - expression.constant))

    def solve(self, effort: Effort) -> Solution:
        """Return the cheapest solution, proven within the gap of `effort`, or the best that so much effort finds."""
        if not self.costs:
            met = all(low <= 1e-9 and high >= -1e-9 for _, low, high in self.rows)
            return Solution(Outcome.OPTIMAL if met else Outcome.INFEASIBLE, 0.0, ())
        rows = Rows(
            rows=[number for number, (terms, _, _) in enumerate(self.rows) for _ in terms],
            columns=[column for terms, _, _ in self.rows for column in terms],
            values=[value for terms, _, _ in self.rows for value in terms.values()],
            low=[low for _, low, _ in self.rows],
            high=[high for _, _, high in self.rows],
        )
        found = minimise(self.costs, rows, self.lows, self.highs, self.integers, effort)
        if found.values is None:
            return Solution(Outcome.INFEASIBLE if found.infeasible else Outcome.UNFINISHED, inf, ())
        values = tuple(
            float(round(value)) if integer else value
            for value, integer in zip(found.values.tolist(), self.integers, strict=True)
        )
        outcome = Outcome.OPTIMAL if found.proven else Outcome.UNFINISHED
        return Solution(outcome, found.objective, values, max(0.0, found.gap))
