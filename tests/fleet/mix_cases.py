"""Small mixed-fleet questions, hand-made and drawn, shared by the tests of the optimum."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from millwright.fleet.optimum.problem import Amounts, Limit, Machines, MixProblem, Period, RequestClass, Tenure, Tokens

ONE_PERIOD = (Period("always", 1.0),)


def requests(name: str, peak: list[list[float]] | float, mean_share: float = 1.0) -> RequestClass:
    """Return a class with these peak rates (stages, periods), the mean being a share of them."""
    rates = np.atleast_2d(np.asarray(peak, dtype=np.float64))
    return RequestClass(name, name, rates, rates * mean_share)


def owned(
    name: str,
    rates: dict[str, float],
    cost: float,
    *,
    stages: int = 1,
    site: str = "room",
    vendor: str = "maker",
    existing: int = 0,
    running: float = 0.0,
    power_w: float = 0.0,
    rack_units: float = 0.0,
    barred: frozenset[str] = frozenset(),
    capacity: dict[str, float] | None = None,
) -> Machines:
    """Return machines that are bought at the start and kept; `existing` ones cost `running` a stage."""
    tenures = [Tenure(0, stages - 1, Amounts(cost, cost, cost), price=cost)]
    tenures += [Tenure(s, s, Amounts(running), most=existing, existing=True) for s in range(stages) if existing]
    return Machines(
        name, name, site, vendor, rates, capacity or rates, (Amounts(),) * stages, tuple(tenures),
        power_w=power_w, rack_units=rack_units, barred=barred,
    )  # fmt: skip


def rented(name: str, rates: dict[str, float], cost: float, *, stages: int = 1, site: str = "cloud") -> Machines:
    """Return machines that are switched with the need; `cost` is what one takes that is on through a stage."""
    return Machines(name, name, site, "maker", rates, rates, (Amounts(),) * stages, switched=(Amounts(cost),) * stages)


def tokens(name: str, all_of: dict[str, float], *, stages: int = 1, barred: frozenset[str] = frozenset()) -> Tokens:
    """Return an API where all requests of a class in a stage cost so much."""
    return Tokens(name, name, "apis", name, {each: (cost,) * stages for each, cost in all_of.items()}, barred)


def question(
    classes: tuple[RequestClass, ...],
    machines: tuple[Machines, ...],
    apis: tuple[Tokens, ...] = (),
    *,
    periods: tuple[Period, ...] = ONE_PERIOD,
    limits: tuple[Limit, ...] = (),
    spares: int = 0,
    existing_first: bool = True,
) -> MixProblem:
    """Return the question; the number of stages is that of the classes' rates."""
    stages = len(classes[0].peak_per_s)
    return MixProblem(stages, periods, classes, machines, apis, limits, spares=spares, existing_first=existing_first)


def one_class_brute_force(problem: MixProblem, most: int) -> float:
    """Return the least cost for one class and one stage by trying every number of machines up to `most` of each kind.

    Held machines serve every period, switched ones are chosen period by period; loads cost nothing here, so what the
    machines cannot take goes to the cheapest API.
    """
    [request_class] = problem.classes
    peak, name = request_class.peak_per_s[0], request_class.name
    shares = problem.share_of_requests(request_class)[0]
    per_request = min((api.all_of[name][0] for api in problem.tokens), default=np.inf)
    held = [each for each in problem.machines if each.tenures]
    switched = [each for each in problem.machines if each.switched]
    best = np.inf
    for counts in _counts(len(held), most):
        total = sum(n * each.tenures[0].each.cost for n, each in zip(counts, held, strict=True))
        if total >= best:
            continue
        for period, needed in enumerate(peak):
            total += _cheapest_period(
                problem, needed, shares[period] * per_request, problem.periods[period].share,
                list(zip(counts, held, strict=True)), switched, most,
            )  # fmt: skip
        best = min(best, float(total))
    return best


def least_by_trying(problem: MixProblem, most: int) -> float:
    """Return the least cost over every number of machines, the routing of each by a linear program.

    x holds what each supply does of each class, and once more for each kind that may fail: its site's machines then do
    what they did together.
    """
    kinds, [api] = problem.machines, problem.tokens
    names = [each.name for each in problem.classes]
    peaks = {each.name: float(each.peak_per_s[0, 0]) for each in problem.classes}
    best = np.inf
    for counts in product(range(most + 1), repeat=len(kinds)):
        fixed = sum(n * each.tenures[0].each.cost for n, each in zip(counts, kinds, strict=True))
        if fixed >= best:
            continue
        states: list[int | None] = [None]
        states += [i for i, n in enumerate(counts) if n and problem.spares]
        supplies = len(kinds) + 1  # the API last
        width = supplies * len(names)

        def column(state: int, supply: int, name: str, width: int = width) -> int:
            return state * width + supply * len(names) + names.index(name)

        cost = np.zeros(len(states) * width)
        cost[[column(0, len(kinds), name) for name in names]] = [api.all_of[name][0] for name in names]
        upper = np.ones(len(cost))
        equal, right, within, limits = [], [], [], []
        for number, lost in enumerate(states):
            for i, each in enumerate(kinds):
                for name in names:
                    if name not in each.goodput_per_s:
                        upper[column(number, i, name)] = 0.0
                left = counts[i] - (problem.spares if lost == i else 0)
                for lane in {each.lane_of(name).name for name in each.goodput_per_s}:
                    row = np.zeros(len(cost))
                    for name, rate in each.goodput_per_s.items():
                        if each.lane_of(name).name == lane:
                            row[column(number, i, name)] = peaks[name] / rate
                    within.append(row)
                    limits.append(left)
            for name in names:
                if lost is None:
                    row = np.zeros(len(cost))
                    row[[column(0, i, name) for i in range(supplies)]] = 1.0
                    equal.append(row)
                    right.append(1.0)
                    continue
                row = np.zeros(len(cost))
                for i, each in enumerate(kinds):
                    if each.site == kinds[lost].site:
                        row[column(number, i, name)], row[column(0, i, name)] = 1.0, -1.0
                    else:
                        upper[column(number, i, name)] = 0.0
                upper[column(number, len(kinds), name)] = 0.0
                equal.append(row)
                right.append(0.0)
        if min(limits, default=0.0) < 0.0:
            continue
        bounds = [(0.0, float(most_of)) for most_of in upper]
        found = linprog(cost, A_ub=within, b_ub=limits, A_eq=equal, b_eq=right, bounds=bounds)
        if found.x is not None:
            best = min(best, fixed + float(found.fun))
    return best


def _cheapest_period(
    problem: MixProblem, needed: float, by_api: float, share: float,
    held: list[tuple[int, Machines]], switched: list[Machines], most: int,
) -> float:  # fmt: skip
    [request_class] = problem.classes
    best = np.inf
    for counts in _counts(len(switched), most):
        running = [*held, *zip(counts, switched, strict=True)]
        capacity = _served(problem, running, request_class.name)
        left = max(needed - capacity, 0.0) / needed if needed > 0.0 else 0.0
        cost = sum(n * each.switched[0].cost * share for n, each in zip(counts, switched, strict=True))
        cost += 0.0 if left <= 1e-9 else left * by_api
        best = min(best, float(cost))
    return best


def _served(problem: MixProblem, running: list[tuple[int, Machines]], name: str) -> float:
    """Return what the machines serve when, at each site, the worst kind to fail has lost the spares."""
    total = 0.0
    for site in {each.site for _, each in running}:
        here = [(n, each.goodput_per_s.get(name, 0.0)) for n, each in running if each.site == site]
        full = sum(n * rate for n, rate in here)
        losses = [problem.spares * rate for n, rate in here if n]
        left = full - max(losses, default=0.0)
        if left < -1e-9:
            return -np.inf  # fewer than may fail, and nothing beside them that makes good for it
        total += max(left, 0.0)
    return total


def _counts(kinds: int, most: int) -> NDArray[np.int64]:
    return np.indices((most + 1,) * kinds).reshape(kinds, -1).T if kinds else np.zeros((1, 0), dtype=np.int64)
