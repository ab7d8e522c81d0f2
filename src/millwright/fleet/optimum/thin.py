"""Which machines need not be looked at: those that others beat in every respect, and those that cost far too much."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace

from millwright.fleet.optimum.build import SHARED_SPARES
from millwright.fleet.optimum.problem import Amounts, Machines, MixProblem


def thinned(problem: MixProblem) -> MixProblem:
    """Return the problem without machines that cannot be needed.

    One kind is left out where another at the same site, of the same vendor, held in the same ways and barred by no
    more, takes no more of anything and serves no less of each class, by the same lanes if by any: in any fleet the
    other could stand in its place, machine for machine. Machines that are there already stay.
    """
    kept: list[Machines] = []
    for index, each in enumerate(problem.machines):
        beaten = any(
            _beats(other, each) and not (_beats(each, other) and place > index)
            for place, other in enumerate(problem.machines)
            if place != index
        )
        if not beaten:
            kept.append(each)
    return replace(problem, machines=tuple(kept))


def shortlisted(problem: MixProblem, most: int = SHARED_SPARES) -> MixProblem:
    """Return the problem with at most so many kinds of machine at each site, so that they can share their spares.

    Kept are those that serve everything they can at the least cost by themselves, spares included, and those that serve
    a request at the least: whole machines decide small fleets, their marginal cost large ones. Those that several
    workloads share by lanes are ranked by what it costs to serve all of them. Machines that are there already stay.
    Unlike `thinned` this is no proof: what is left out is only unlikely to be needed.
    """
    by_site: dict[tuple[str, frozenset[str]], list[Machines]] = defaultdict(list)
    for each in problem.machines:
        by_site[each.site, each.barred].append(each)
    kept: set[str] = set()
    for here in by_site.values():
        kept |= {each.id for each in here if any(tenure.existing for tenure in each.tenures)}
        by_lanes = sorted((each for each in here if each.lanes), key=lambda each: _cost_of_all(problem, each))
        kept |= {each.id for each in by_lanes[:_MOST_BY_LANES]}
        here = [each for each in here if not each.lanes]
        left = most - min(len(by_lanes), _MOST_BY_LANES)
        for request_class in problem.classes:
            able = [each for each in here if each.goodput_per_s.get(request_class.name, 0.0) > 0.0]
            peak = float(request_class.peak_per_s.max())

            def alone(each: Machines, name: str = request_class.name, peak: float = peak) -> float:
                return _cost_of_one(each) * (math.ceil(peak / each.goodput_per_s[name]) + problem.spares)

            def marginal(each: Machines, name: str = request_class.name) -> float:
                return _cost_of_one(each) / each.goodput_per_s[name]

            share = max(left // (2 * len(problem.classes)), 1)
            kept |= {each.id for each in sorted(able, key=alone)[:share]}
            kept |= {each.id for each in sorted(able, key=marginal)[: max(left // len(problem.classes) - share, 1)]}
    return replace(problem, machines=tuple(each for each in problem.machines if each.id in kept))


_MOST_BY_LANES = 2
"""Kinds of machine shared by lanes that are looked at for each site: those that serve all lanes at the least cost."""


def _cost_of_all(problem: MixProblem, machines: Machines) -> float:
    """Return what so many machines cost as carry everything that their lanes may serve, spares included."""
    loads: dict[str, float] = defaultdict(float)
    for each in problem.classes:
        if (rate := machines.goodput_per_s.get(each.name, 0.0)) > 0.0:
            loads[machines.lane_of(each.name).name] += float(each.peak_per_s.max()) / rate
    return _cost_of_one(machines) * (math.ceil(max(loads.values(), default=0.0)) + problem.spares)


def _cost_of_one(machines: Machines) -> float:
    """Return what one machine costs over the horizon: on throughout, or held in the way that is cheapest a stage."""
    if machines.switched:
        return sum(each.cost for each in machines.switched)
    stages = len(machines.loaded)
    return min(
        (tenure.each.cost / (tenure.last - tenure.first + 1) * stages for tenure in machines.tenures),
        default=math.inf,
    )


def _beats(one: Machines, other: Machines) -> bool:
    """Return whether `one` is at least as good as `other` in every respect."""
    if any(tenure.existing for tenure in other.tenures) or one.lanes != other.lanes:
        return False
    if (one.site, one.vendor) != (other.site, other.vendor) or not one.barred <= other.barred:
        return False
    if one.footprint_known < other.footprint_known or len(one.switched) != len(other.switched):
        return False
    fresh = {(tenure.first, tenure.last): tenure for tenure in one.tenures if not tenure.existing}
    for tenure in other.tenures:
        same = fresh.get((tenure.first, tenure.last))
        if same is None or not _no_more(same.each, tenure.each) or same.price > tenure.price:
            return False
    if not all(_no_more(a, b) for a, b in zip(one.switched, other.switched, strict=True)):
        return False
    if one.power_w > other.power_w or one.rack_units > other.rack_units or one.away_share > other.away_share:
        return False
    for mine, its in ((one.goodput_per_s, other.goodput_per_s), (one.capacity_per_s, other.capacity_per_s)):
        for name, rate in its.items():
            if mine.get(name, 0.0) < rate:
                return False
            if rate > 0.0 and not all(
                _no_more(a.times(rate), b.times(mine[name])) for a, b in zip(one.loaded, other.loaded, strict=True)
            ):
                return False
    return True


def _no_more(one: Amounts, other: Amounts) -> bool:
    return one.cost <= other.cost and one.carbon_kg <= other.carbon_kg and one.energy_kwh <= other.energy_kwh
