"""A small builder of mixed-integer linear programs: named columns and rows, solved by HiGHS through SciPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

_PATIENCE_S = 120.0  # far beyond what the nodes take; only a program out of all measure meets it


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

    def solve(self, gap: float = 1e-6, most_nodes: int = 2_000) -> Solution:
        """Return the cheapest solution, proven within the relative `gap`, or the best one found in so many nodes.

        Nodes are counted rather than seconds, so that the answer is the same on a slow or busy machine.
        """
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        if not self.costs:
            met = all(low <= 1e-9 and high >= -1e-9 for _, low, high in self.rows)
            return Solution(Outcome.OPTIMAL if met else Outcome.INFEASIBLE, 0.0, ())
        starts = np.cumsum([0, *(len(terms) for terms, _, _ in self.rows)])
        columns = np.fromiter((column for terms, _, _ in self.rows for column in terms), dtype=np.int32)
        values = np.fromiter((value for terms, _, _ in self.rows for value in terms.values()), dtype=np.float64)
        matrix = csr_array((values, columns, starts), shape=(len(self.rows), len(self.costs)))
        low = np.array([low for _, low, _ in self.rows])
        high = np.array([high for _, _, high in self.rows])
        found = milp(
            np.array(self.costs),
            integrality=np.array(self.integers),
            bounds=Bounds(np.array(self.lows), np.array(self.highs)),
            constraints=LinearConstraint(matrix, low, high) if self.rows else None,
            options={"mip_rel_gap": gap, "node_limit": most_nodes, "time_limit": _PATIENCE_S},
        )
        if found.status == 2:
            return Solution(Outcome.INFEASIBLE, inf, ())
        if found.x is None:
            return Solution(Outcome.UNFINISHED, inf, ())
        values_found = tuple(
            float(round(value)) if integer else float(value)
            for value, integer in zip(found.x, self.integers, strict=True)
        )
        outcome = Outcome.OPTIMAL if found.status == 0 else Outcome.UNFINISHED
        return Solution(outcome, float(found.fun), values_found, max(0.0, float(found.mip_gap or 0.0)))
