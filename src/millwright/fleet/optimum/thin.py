"""Which machines cannot be needed: those that others of the same site beat in every respect."""

from __future__ import annotations

from dataclasses import replace

from millwright.fleet.optimum.problem import Amounts, Machines, MixProblem


def thinned(problem: MixProblem) -> MixProblem:
    """Return the problem without machines that cannot be needed.

    One kind is left out where another at the same site, of the same vendor, held in the same ways and barred by no
    more, takes no more of anything and serves no less of each class: in any fleet the other could stand in its place,
    machine for machine. Machines that are there already stay.
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


def _beats(one: Machines, other: Machines) -> bool:
    """Return whether `one` is at least as good as `other` in every respect."""
    if any(tenure.existing for tenure in other.tenures):
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
