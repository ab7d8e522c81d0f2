"""The cheapest choice that fits together is found, and none that does not."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from millwright.plan.together import cheapest_that_fits

Things = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), max_size=5)


@given(choices=st.lists(Things, min_size=1, max_size=3), room=st.integers(1, 27))
def test_none_that_fits_is_cheaper(choices: list[list[tuple[int, int]]], room: int) -> None:
    def fits(chosen: tuple[tuple[int, int], ...]) -> bool:
        return sum(size for _, size in chosen) <= room

    found = cheapest_that_fits(choices, lambda thing: float(thing[0]), fits)
    fitting = [each for each in product(*choices) if fits(each)]
    if not fitting:
        assert found is None
    else:
        assert found is not None
        assert fits(found)
        assert sum(cost for cost, _ in found) == min(sum(cost for cost, _ in each) for each in fitting)
