"""The integer program solved by HiGHS, and what it found read back as machines and routing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from millwright.fleet.optimum.build import build
from millwright.fleet.optimum.linear_model import LinearModel
from millwright.fleet.optimum.problem import Amounts, Machines, MixProblem
from millwright.integer_program import Effort, Rows, minimise

GAP = 2e-3
"""Relative gap at which the search for a better fleet ends: far below what prices are known to."""


USUAL = Effort(GAP, nodes=1_000, time_s=60.0)
EXACT = Effort(gap=0.0, nodes=1_000_000, time_s=60.0)

_ANY = 1e6
"""A relative gap so wide that the first fleet found will do."""

_NOTHING = 1e-6


@dataclass(frozen=True)
class Holding:
    """Machines in the answer: how many are held over each tenure, or on in each stage and period (stages, periods)."""

    machines: Machines
    held: tuple[int, ...]
    counts: NDArray[np.int64]

    def bought(self) -> list[tuple[int, int, int]]:
        """Return (first stage, last stage, how many) of what is not there already."""
        pairs = zip(self.machines.tenures, self.held, strict=True) if self.held else ()
        return [(tenure.first, tenure.last, n) for tenure, n in pairs if n and not tenure.existing]

    @property
    def existing(self) -> int:
        """The most of them, in any stage, that were there already."""
        if not self.held:
            return 0
        stages = range(len(self.counts))
        pairs = list(zip(self.machines.tenures, self.held, strict=True))
        return max(sum(n for tenure, n in pairs if tenure.existing and tenure.holds(s)) for s in stages)


@dataclass(frozen=True)
class Fleet:
    """An answer: what is held, and the fraction of each class that goes to each supply, (stages, periods) each.

    `routing` is by supply id and class name. `objective` is the problem's measure; `bound` is what no fleet could beat.
    """

    problem: MixProblem
    holdings: tuple[Holding, ...]
    routing: Mapping[tuple[str, str], NDArray[np.float64]]
    objective: float
    bound: float

    @property
    def gap(self) -> float:
        """How far, at most, the answer is from the best there is, over the answer [-]."""
        return max(self.objective - self.bound, 0.0) / abs(self.objective) if self.objective else 0.0

    @property
    def supplies(self) -> tuple[str, ...]:
        """The ids of what serves something or stands by, machines first."""
        held = [each.machines.id for each in self.holdings]
        return tuple(dict.fromkeys([*held, *(supply for supply, _ in self.routing)]))

    def amounts(self) -> Amounts:
        """Return what the fleet takes over the horizon, in every measure."""
        problem, total = self.problem, Amounts()
        by_name = {each.name: each for each in problem.classes}
        shares = np.array([period.share for period in problem.periods])
        for holding in self.holdings:
            machines = holding.machines
            for tenure, n in zip(machines.tenures, holding.held, strict=False):
                total = total.plus(tenure.each.times(float(n)))
            for s, on in enumerate(machines.switched):
                total = total.plus(on.times(float(holding.counts[s] @ shares)))
            rates = problem.rates(machines)
            for (supply, name), fraction in self.routing.items():
                if supply == machines.id:
                    load = fraction * by_name[name].mean_per_s * shares / rates[name] * machines.lane_of(name).weight
                    for s, loaded in enumerate(machines.loaded):
                        total = total.plus(loaded.times(float(load[s].sum())))
        tokens = {each.id: each for each in problem.tokens}
        for (supply, name), fraction in self.routing.items():
            if supply in tokens:
                paid = (fraction * problem.share_of_requests(by_name[name])).sum(axis=1)
                total = total.plus(Amounts(cost=float(paid @ np.array(tokens[supply].all_of[name]))))
        serving = set(self.supplies)
        for charge in problem.charges:
            if charge.supplies & serving:
                total = total.plus(charge.amounts)
        return total


class TooLongError(RuntimeError):
    """The solver spent its effort without an answer, and cannot say that there is none."""


def solve(problem: MixProblem, effort: Effort = USUAL) -> Fleet | None:
    """Return the best fleet that so much effort finds, None where no fleet keeps the limits.

    Raises TooLongError when the effort is spent and no fleet is found yet.
    """
    if not _all_reachable(problem):
        return None
    model = build(problem)
    values, bound = run_highs(model, effort)
    if values is None:
        return None
    if problem.existing_first:
        values = _existing_loaded_first(problem, model, values, effort)
    return _read_back(problem, model, values, bound)


def _existing_loaded_first(
    problem: MixProblem, model: LinearModel, values: NDArray[np.float64], effort: Effort
) -> NDArray[np.float64]:
    """Return the same machines with as much as they can do on those that are there already: two linear programs.

    The first finds how much that is, the second the cheapest way to do the rest. What it adds to the bill is the
    electricity by which old machines are less efficient than new ones.
    """
    there = {i for i, each in enumerate(problem.machines) if any(tenure.existing for tenure in each.tenures)}
    first = [column for (kind, i, *_), column in model.routes.items() if kind == "machines" and i in there]
    if not first or not any(round(values[column]) for (i, _), column in model.held.items() if i in there):
        return values
    fixed = np.where(model.whole, np.rint(values), model.upper)
    objective = np.zeros_like(model.objective)
    objective[first] = -1.0
    as_bought = replace(model, upper=fixed, lower=np.where(model.whole, fixed, 0.0))
    loaded, _ = run_highs(replace(as_bought, objective=objective), effort)
    if loaded is None:
        return values
    number = len(model.row_low)
    cheapest = replace(
        as_bought,
        rows=np.concatenate([model.rows, np.full(len(first), number)]),
        columns=np.concatenate([model.columns, np.array(first)]),
        values=np.concatenate([model.values, np.ones(len(first))]),
        row_low=np.append(model.row_low, float(loaded[first].sum()) * (1.0 - 1e-9)),
        row_high=np.append(model.row_high, math.inf),
    )
    rerouted, _ = run_highs(cheapest, effort)
    return loaded if rerouted is None else rerouted


def least_slack(problem: MixProblem, elastic: frozenset[str], effort: Effort = USUAL) -> dict[str, float] | None:
    """Return by how much, relative to each limit, those of these labels must give; None where that does not suffice."""
    if not _all_reachable(problem):
        return None
    model = build(problem, elastic)
    values, _ = run_highs(model, effort)
    return None if values is None else {label: float(values[column]) for label, column in model.slack.items()}


def is_feasible(problem: MixProblem, effort: Effort = USUAL) -> bool:
    """Return whether any fleet keeps the limits; where the effort does not suffice to tell, it is taken to be so."""
    if not _all_reachable(problem):
        return False
    try:
        return run_highs(build(problem), replace(effort, gap=_ANY))[0] is not None
    except TooLongError:
        return True


def _all_reachable(problem: MixProblem) -> bool:
    """Return whether each class can be served by something at all."""
    served = {name for i in problem.usable_machines() for name in problem.rates(problem.machines[i])}
    served |= {name for a in problem.usable_tokens() for name in problem.tokens[a].all_of}
    return all(each.name in served for each in problem.classes if each.peak_per_s.max() > 0.0)


def run_highs(model: LinearModel, effort: Effort) -> tuple[NDArray[np.float64] | None, float]:
    """Return the columns' values (columns,) and the bound on the objective; None where the model is infeasible.

    Raises TooLongError when the effort is spent before an answer was found.
    """
    scale = float(np.abs(model.objective).max(initial=0.0)) or 1.0
    rows = Rows(model.rows, model.columns, model.values, model.row_low, model.row_high)
    found = minimise(model.objective / scale, rows, model.lower, model.upper, model.whole, effort)
    if found.values is None and not found.infeasible:
        raise TooLongError(f"no fleet was found within {effort.nodes:,} nodes or {effort.time_s:g} s: {found.message}")
    return found.values, found.bound * scale


def _read_back(problem: MixProblem, model: LinearModel, values: NDArray[np.float64], bound: float) -> Fleet:
    shape = (problem.stages, len(problem.periods))
    holdings: list[Holding] = []
    for i, machines in enumerate(problem.machines):
        held = tuple(
            round(float(values[model.held[i, t]])) for t in range(len(machines.tenures)) if (i, t) in model.held
        )
        counts = np.zeros(shape, dtype=np.int64)
        for tenure, n in zip(machines.tenures, held, strict=False):
            counts[tenure.first : tenure.last + 1] += n
        for s in range(shape[0]):
            for p in range(shape[1]):
                if (i, s, p) in model.on:
                    counts[s, p] = round(float(values[model.on[i, s, p]]))
        if counts.any():
            holdings.append(Holding(machines, held, counts))
    routing: dict[tuple[str, str], NDArray[np.float64]] = {}
    for (kind, i, c, s, p), column in model.routes.items():
        supply = problem.machines[i].id if kind == "machines" else problem.tokens[i].id
        if values[column] > _NOTHING:
            key = supply, problem.classes[c].name
            routing.setdefault(key, np.zeros(shape))[s, p] = values[column]
    return Fleet(problem, tuple(holdings), routing, float(model.objective @ values), bound)
