"""Spares as rows of the integer program: what a site's machines can still do after the loss of some.

With cap_i machines of kind i left, a_ic what one does of class c in units of that class's peak, and S_c the share of
the class that the site serves, the site can take the load if and only if

    Σ_i cap_i · max_c(λ_c · a_ic)  ≥  Σ_c λ_c · S_c        for every worth λ ≥ 0 of the classes

(the duality of linear programs: λ is what a unit of each class is worth, and no way to use the machines makes more of
them than the best class for each). With one class λ = 1 is enough. With two, the least margin is at a worth by which
some kind does either class equally well, or where one class is worth nothing: the margin is convex and piecewise linear
in between. That takes no second routing for each kind that may fail, so that the program stays small.

Where a machine's parts serve classes side by side, by lanes, the maximum is taken in each lane and they add up.
All rows say Σ coefficient · column ≤ high.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Terms = list[tuple[int, float]]
Row = tuple[Terms, float]
"""Terms and what they may add up to at most."""

Worth = Mapping[int, float]
"""What a unit of each class is worth against the others."""

MOST_CLASSES = 2
"""Up to so many classes the rows here tell what a site can take; for more they are necessary, not sufficient."""

_WHOLE = 1e-6
"""Fractions of a machine that are none: rounding up by such a fraction would divide by it."""


@dataclass(frozen=True)
class Kind:
    """One kind of machine at a site at one time.

    `does` is what one does of each class at the class's peak, by class; `routes` are the columns of the share of the
    class that goes there; `count` are columns times the share that is there [-] that add up to its number; `used` is
    the column that is 1 where there is any, None where there is never one. `lanes` are the classes that take turns on
    one part of it; the parts work side by side.
    """

    does: Mapping[int, float]
    routes: Mapping[int, int]
    count: Sequence[tuple[int, float]]
    used: int | None
    lanes: tuple[frozenset[int], ...]

    def at(self, worth: Worth) -> float:
        """Return the most that one machine can make of classes worth so much."""
        return sum(max((worth[c] * self.does[c] for c in lane), default=0.0) for lane in self.lanes)


def worths(kinds: Sequence[Kind]) -> list[Worth]:
    """Return the worths of classes by which to weigh machines: all that matter for one or two classes."""
    classes = sorted({c for kind in kinds for c in kind.does})
    found: list[Worth] = [{each: float(each == c) for each in classes} for c in classes]
    if len(classes) < 2:
        return found
    for one, other in ((one, other) for n, one in enumerate(classes) for other in classes[n + 1 :]):
        ratios = {
            float(f"{kind.does[one] / kind.does[other]:.9g}")
            for kind in kinds
            if any(lane >= {one, other} for lane in kind.lanes)
        }
        found += [{each: {one: 1.0, other: ratio}.get(each, 0.0) for each in classes} for ratio in sorted(ratios)]
    return found


def survival(kinds: Sequence[Kind], failing: int, lost: int) -> Iterator[Row]:
    """Give the rows by which `kinds` still serve what they served after `lost` machines of the one at `failing`.

    Where there are fewer of it, what is missing is taken from the others: a little too careful, never too bold.
    """
    kind = kinds[failing]
    if kind.used is None:
        return
    for worth in worths(kinds):
        yield [*_margin(kinds, worth), (kind.used, lost * kind.at(worth))], 0.0


def standing_by(kinds: Sequence[Kind], lost: int) -> Iterator[Row]:
    """Give rows that follow from `survival` for machines in whole numbers, and bound fractions of machines tightly.

    Whichever kind serves, `lost` machines of one kind stand by: where a solver still takes an eighth of each of eight
    kinds, an eighth of one may fail, and it sees an eighth of the spares. And the machines that are left over are
    whole: in the widest view, as many as the load asks of the kind that does most.
    """
    best: tuple[float, Worth, float] | None = None
    for worth in worths(kinds):
        weights = [kind.at(worth) for kind in kinds]
        for c in worth:
            able = [weight for kind, weight in zip(kinds, weights, strict=True) if c in kind.does]
            if min(able) > 0.0:
                share = lost * min(able)
                yield [*_margin(kinds, worth), *((kind.routes[c], share) for kind in kinds if c in kind.routes)], 0.0
        needed = sum(worth.values()) / max(weights)
        if best is None or needed > best[0]:
            best = needed, worth, max(weights)
    if best is not None:
        yield from _whole_machines(kinds, lost, *best)


def _margin(kinds: Sequence[Kind], worth: Worth) -> Terms:
    """Return the terms of what is served less what the machines can do."""
    terms: Terms = []
    for kind in kinds:
        weight = kind.at(worth)
        terms += [(n, -weight * there) for n, there in kind.count]
        terms += [(column, worth[c]) for c, column in kind.routes.items()]
    return terms


def _whole_machines(kinds: Sequence[Kind], lost: int, needed: float, worth: Worth, most: float) -> Iterator[Row]:
    """Give the rows of machines in whole numbers: all kinds together, each taken for the one that does `most`.

    With N machines, U = 1 where the site serves anything, and y what of the worth is served elsewhere, over `most`:
    N − lost·U ≥ needed − y, and N − lost·U is whole. So N − lost·U ≥ ⌈needed⌉ − y/f with f the fraction of `needed`
    (the mixed-integer rounding of Nemhauser and Wolsey, 1990); and where anything is served, N ≥ lost + 1.
    """
    numbers = [(n, -1.0) for kind in kinds for n, _ in kind.count]
    fraction = needed - math.floor(needed)
    for c in worth:
        shares = [kind.routes[c] for kind in kinds if c in kind.routes]
        yield [*numbers, *((column, lost + 1.0) for column in shares)], 0.0
        if _WHOLE < fraction < 1.0 - _WHOLE and needed > 1.0:
            elsewhere = [
                (column, worth[other] / most / fraction) for kind in kinds for other, column in kind.routes.items()
            ]
            # −N + lost·S_c − y/f ≤ −⌈needed⌉, with y = needed − Σ served
            yield (
                [*numbers, *((column, float(lost)) for column in shares), *elsewhere],
                needed / fraction - math.ceil(needed),
            )
