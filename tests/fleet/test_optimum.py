"""The optimum is the optimum: equal to trying everything, within its limits, honest about its gap."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from mix_cases import one_class_brute_force, owned, question, rented, requests, tokens
from scipy.optimize import linprog

from millwright.fleet.optimum.problem import (
    Amounts,
    Charge,
    Machines,
    MixProblem,
    Period,
    Scarce,
    SiteLimit,
    Tenure,
    VendorLimit,
)
from millwright.fleet.optimum.solve import EXACT, Fleet, solve
from millwright.fleet.optimum.thin import thinned

SEEDS = range(140)
SEEDS_OF_TWO_CLASSES = range(60)


def _one_class(seed: int) -> MixProblem:
    rng = np.random.default_rng(seed)
    periods = tuple(Period(f"p{p}", share) for p, share in enumerate(rng.dirichlet(np.ones(int(rng.integers(1, 4))))))
    peak = [[float(rate) for rate in rng.uniform(0.5, 6.0, len(periods))]]
    machines = [
        owned(f"box {n}", {"chat": float(rng.uniform(1.0, 4.0))}, float(rng.uniform(50, 200)), site=f"room {n % 2}")
        for n in range(int(rng.integers(1, 3)))
    ]
    machines += [
        rented(f"cloud {n}", {"chat": float(rng.uniform(1.5, 4.0))}, float(rng.uniform(60, 300)), site=f"cloud {n}")
        for n in range(int(rng.integers(0, 3)))
    ]
    apis = (tokens("api", {"chat": float(rng.uniform(100, 900))}),) if rng.random() < 0.7 else ()
    return question((requests("chat", peak),), tuple(machines), apis, periods=periods, spares=int(rng.integers(0, 2)))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_number_of_machines_is_cheaper(seed: int) -> None:
    problem = _one_class(seed)
    fleet = solve(problem, EXACT)
    assert fleet is not None
    assert fleet.objective == pytest.approx(one_class_brute_force(problem, 7), rel=1e-6)
    assert fleet.gap <= 1e-9


def _two_classes(seed: int) -> MixProblem:
    rng = np.random.default_rng(1000 + seed)
    classes = tuple(requests(name, float(rng.uniform(1.0, 3.0))) for name in ("short", "long"))

    def rates() -> dict[str, float]:
        return {"short": float(rng.uniform(1.0, 5.0)), "long": float(rng.uniform(1.0, 3.0))}

    machines = tuple(owned(f"box {n}", rates(), float(rng.uniform(50, 200))) for n in range(2))
    api = tokens("api", {"short": float(rng.uniform(50, 400)), "long": float(rng.uniform(50, 400))})
    return question(classes, machines, (api,))


def _cheapest_by_trying(problem: MixProblem, most: int) -> float:
    """Return the least cost over every number of machines, the routing of each by a linear program."""
    best = np.inf
    kinds = problem.machines
    api = problem.tokens[0]
    names = [each.name for each in problem.classes]
    peaks = [float(each.peak_per_s[0, 0]) for each in problem.classes]
    for counts in product(range(most + 1), repeat=len(kinds)):
        fixed = sum(n * each.tenures[0].each.cost for n, each in zip(counts, kinds, strict=True))
        if fixed >= best:
            continue
        # x: what the API serves of each class, then what each machine does; the machines' hours are limited
        cost = [api.all_of[name][0] for name in names] + [0.0] * len(kinds) * len(names)
        equal = np.zeros((len(names), len(cost)))
        for c in range(len(names)):
            equal[c, c] = 1.0
            equal[c, [len(names) * (1 + i) + c for i in range(len(kinds))]] = 1.0
        within = np.zeros((len(kinds), len(cost)))
        for i, each in enumerate(kinds):
            for c, name in enumerate(names):
                within[i, len(names) * (1 + i) + c] = peaks[c] / each.goodput_per_s[name]
        found = linprog(cost, A_ub=within, b_ub=counts, A_eq=equal, b_eq=np.ones(len(names)))
        best = min(best, fixed + float(found.fun))
    return best


@pytest.mark.parametrize("seed", SEEDS_OF_TWO_CLASSES)
def test_no_sharing_out_of_two_classes_is_cheaper(seed: int) -> None:
    problem = _two_classes(seed)
    fleet = solve(problem, EXACT)
    assert fleet is not None
    assert fleet.objective == pytest.approx(_cheapest_by_trying(problem, 6), rel=1e-6)


@pytest.mark.parametrize("seed", range(0, 140, 7))
def test_leaving_out_what_is_beaten_changes_nothing(seed: int) -> None:
    problem = _one_class(seed)
    copy = problem.machines[0]
    worse = Machines(**{**vars(copy), "id": "worse", "goodput_per_s": {"chat": copy.goodput_per_s["chat"] * 0.9}})
    wider = MixProblem(**{**vars(problem), "machines": (*problem.machines, worse)})
    assert "worse" not in [each.id for each in thinned(wider).machines]
    one, other = solve(wider, EXACT), solve(thinned(wider), EXACT)
    assert one is not None
    assert other is not None
    assert one.objective == pytest.approx(other.objective, rel=1e-9)


def test_what_the_fleet_takes_is_what_was_minimised() -> None:
    fleet = solve(_one_class(3))
    assert fleet is not None
    assert fleet.amounts().cost == pytest.approx(fleet.objective)


# --- three kinds of machine -------------------------------------------------------------------------------------


def test_a_mix_of_kinds_beats_each_kind_alone() -> None:
    classes = (requests("short", 30.0), requests("long", 3.0))
    small = owned("small", {"short": 3.0, "long": 0.1}, 10.0)
    large = owned("large", {"short": 10.0, "long": 2.0}, 60.0)
    both = solve(question(classes, (small, large)))
    alone = [solve(question(classes, (each,))) for each in (small, large)]
    assert both is not None
    assert all(one is not None and both.objective < one.objective * 0.9 for one in alone)
    assert set(both.supplies) == {"small", "large"}


def test_base_load_is_owned_and_the_peak_is_rented() -> None:
    periods = (Period("peak", 0.05), Period("base", 0.95))
    demand = requests("chat", [[10.0, 4.0]])
    box, cloud = owned("box", {"chat": 1.0}, 100.0), rented("instance", {"chat": 1.0}, 300.0)
    fleet = solve(question((demand,), (box, cloud), periods=periods))
    assert fleet is not None
    counts = {each.machines.id: each.counts[0].tolist() for each in fleet.holdings}
    assert counts == {"box": [4, 4], "instance": [6, 0]}


# --- spares -----------------------------------------------------------------------------------------------------


def test_one_machine_of_any_kind_may_fail() -> None:
    boxes = (owned("a", {"chat": 2.0}, 50.0), owned("b", {"chat": 3.0}, 60.0))
    fleet = solve(question((requests("chat", 5.0),), boxes, spares=1))
    assert fleet is not None
    counts = {each.machines.id: int(each.counts[0, 0]) for each in fleet.holdings}
    served = {"a": 2.0, "b": 3.0}
    for lost in counts:
        left = sum(served[name] * (n - (name == lost)) for name, n in counts.items())
        assert left >= 5.0


def test_kinds_at_one_site_share_their_spare_and_those_of_two_sites_do_not() -> None:
    def cost(other_site: str) -> float:
        a = owned("a", {"chat": 1.0, "code": 0.0}, 50.0)
        b = owned("b", {"chat": 1.0, "code": 1.0}, 51.0, site=other_site)
        limit = SiteLimit("power of room", "room", Scarce.POWER, 3.0)
        a = Machines(**{**vars(a), "power_w": 1.0})
        fleet = solve(question((requests("chat", 5.0),), (a, b), limits=(limit,), spares=1))
        assert fleet is not None
        return fleet.objective

    assert cost("room") == pytest.approx(3 * 50.0 + 3 * 51.0)  # six machines, any one of which may fail
    assert cost("hall") > cost("room")


# --- what is there already --------------------------------------------------------------------------------------


def test_what_is_there_is_used_before_anything_is_bought() -> None:
    there = owned("old", {"chat": 1.0}, 1000.0, existing=4, running=30.0)
    new = owned("new", {"chat": 4.0}, 40.0)  # cheaper than to keep the old ones running
    fleet = solve(question((requests("chat", 8.0),), (there, new)))
    assert fleet is not None
    counts = {each.machines.id: (int(each.counts[0, 0]), each.existing) for each in fleet.holdings}
    assert counts == {"old": (4, 4), "new": (1, 0)}
    free = solve(question((requests("chat", 8.0),), (there, new), existing_first=False))
    assert free is not None
    assert [each.machines.id for each in free.holdings] == ["new"]


def test_what_is_there_need_not_be_used_for_work_it_cannot_do() -> None:
    there = owned("old", {"small model": 1.0}, 1000.0, existing=4, running=30.0)
    new = owned("new", {"large model": 1.0}, 40.0)
    fleet = solve(question((requests("small model", 1.0), requests("large model", 2.0)), (there, new)))
    assert fleet is not None
    assert {each.machines.id: int(each.counts[0, 0]) for each in fleet.holdings} == {"old": 1, "new": 2}


def test_machines_that_two_models_could_use_are_there_once() -> None:
    def there(name: str, model: str) -> Machines:
        return Machines(**{**vars(owned(name, {model: 1.0}, 100.0, existing=3)), "physical": "box"})

    fleet = solve(question((requests("a", 2.0), requests("b", 2.0)), (there("x", "a"), there("y", "b"))))
    assert fleet is not None
    assert sum(each.existing for each in fleet.holdings) == 3
    assert fleet.objective == pytest.approx(100.0)


# --- limits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scarce", list(Scarce))
def test_no_site_gives_more_than_it_has(scarce: Scarce) -> None:
    box = owned("box", {"chat": 1.0}, 10.0, power_w=10.0, rack_units=10.0)
    api = tokens("api", {"chat": 1e6})
    fleet = solve(question((requests("chat", 5.0),), (box,), (api,), limits=(SiteLimit("room", "room", scarce, 35.0),)))
    assert fleet is not None
    assert int(fleet.holdings[0].counts[0, 0]) == 3
    assert fleet.routing["api", "chat"][0, 0] == pytest.approx(0.4)


def test_no_vendor_serves_more_than_its_share() -> None:
    boxes = (owned("a", {"chat": 1.0}, 10.0, vendor="one"), owned("b", {"chat": 1.0}, 20.0, vendor="two"))
    fleet = solve(question((requests("chat", 10.0),), boxes, limits=(VendorLimit("vendors", 0.7),)))
    assert fleet is not None
    assert fleet.routing["a", "chat"][0, 0] <= 0.7 + 1e-9
    assert fleet.objective == pytest.approx(7 * 10.0 + 3 * 20.0)


def test_growth_is_bought_when_it_comes() -> None:
    tenures = tuple(Tenure(b, 1, Amounts((100.0, 90.0)[b]), price=100.0) for b in range(2))
    box = Machines("box", "box", "room", "maker", {"chat": 1.0}, {"chat": 1.0}, (Amounts(),) * 2, tenures)
    fleet = solve(question((requests("chat", [[2.0], [5.0]]),), (box,)))
    assert fleet is not None
    assert fleet.holdings[0].bought() == [(0, 1, 2), (1, 1, 3)]


def test_where_nothing_serves_a_class_there_is_no_fleet() -> None:
    assert solve(question((requests("chat", 1.0), requests("code", 1.0)), (owned("a", {"chat": 1.0}, 1.0),))) is None


def test_what_is_due_once_is_due_once() -> None:
    people = Charge("people", Amounts(cost=500.0), frozenset({"a", "b"}))
    boxes = (owned("a", {"chat": 1.0}, 10.0), owned("b", {"chat": 1.0}, 10.0))
    api = tokens("api", {"chat": 540.0})

    def best(peak: float) -> Fleet:
        fleet = solve(replace(question((requests("chat", peak),), boxes, (api,)), charges=(people,)), EXACT)
        assert fleet is not None
        assert fleet.amounts().cost == pytest.approx(fleet.objective)
        return fleet

    assert best(3.0).objective == pytest.approx(500.0 + 3 * 10.0)
    assert best(5.0).supplies == ("api",)  # five boxes and the people cost more than the tokens


def test_what_old_machines_leave_goes_the_cheapest_way() -> None:
    """Old machines are loaded first; nothing else goes to an API that a machine bought for it could do."""
    old = owned("old", {"chat": 1.0}, 100.0, existing=2, running=5.0)
    new = owned("new", {"chat": 5.0}, 40.0)
    found = solve(question((requests("chat", 7.0),), (old, new), (tokens("api", {"chat": 90.0}),)), EXACT)
    assert found is not None
    assert found.objective == pytest.approx(50.0)
    assert found.routing["old", "chat"][0, 0] == pytest.approx(2.0 / 7.0)
