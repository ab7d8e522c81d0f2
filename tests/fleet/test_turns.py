"""Turns on a device: no process gets less than its turn, clocks run forward and back, waits stand where they should."""

from __future__ import annotations

import numpy as np
import pytest
from fleet_cases import LIMITS, requests, step_time
from hypothesis import given
from hypothesis import strategies as st

from millwright.fleet.turns import ALWAYS, Busy, Turns, busy_of, spread, together
from millwright.simulate.load import simulate_open
from millwright.traffic.requests import Requests


@st.composite
def busy_times(draw: st.DrawFn) -> Busy:
    """Draw a process with a few stretches of work in its period."""
    lengths = draw(st.lists(st.floats(0.01, 5.0), min_size=2, max_size=12).filter(lambda found: len(found) % 2 == 0))
    edges = np.cumsum(lengths)
    return Busy(edges[0::2], edges[1::2], float(edges[-1] + draw(st.floats(0.0, 3.0))))


TIMES = st.lists(st.floats(0.0, 500.0), min_size=1, max_size=20)


@given(st.lists(busy_times(), max_size=3), TIMES)
def test_the_way_to_the_own_clock_and_back_ends_where_it_began(neighbours: list[Busy], times: list[float]) -> None:
    turns = Turns(tuple(neighbours), 0.05)
    wall = np.sort(np.array(times))
    assert turns.wall_s(turns.own_s(wall)) == pytest.approx(wall, rel=1e-9, abs=1e-6)
    assert np.all(np.diff(turns.own_s(wall)) >= 0.0)


@given(st.lists(busy_times(), min_size=1, max_size=3), TIMES)
def test_no_process_gets_less_than_its_turn_nor_more_than_the_device(
    neighbours: list[Busy], times: list[float]
) -> None:
    turns = Turns(tuple(neighbours), 0.05)
    wall = np.sort(np.array(times))
    passed, own = np.diff(wall), np.diff(turns.own_s(wall))
    assert np.all(own <= passed / 1.05 + 1e-9)
    assert np.all(own >= passed / (len(neighbours) + 1) / 1.05 - 1e-9)
    assert 1.05 - 1e-9 <= turns.stretch <= (len(neighbours) + 1) * 1.05 + 1e-9


def test_a_neighbour_that_never_rests_takes_half() -> None:
    assert Turns((ALWAYS,)).stretch == pytest.approx(2.0)
    assert Turns((ALWAYS, ALWAYS)).stretch == pytest.approx(3.0)
    assert Turns(()).stretch == pytest.approx(1.0)


@given(busy_times())
def test_one_neighbour_slows_by_the_time_it_has_work(busy: Busy) -> None:
    assert Turns((busy,)).stretch == pytest.approx(1.0 / (1.0 - busy.share / 2.0))


@given(busy_times(), st.integers(1, 4))
def test_processes_on_several_devices_have_the_same_work_at_other_times(busy: Busy, copies: int) -> None:
    for each in spread(busy, copies):
        assert each.share == pytest.approx(busy.share)
        assert np.all(each.start_s <= each.end_s)


def test_a_server_has_work_from_an_arrival_until_the_last_token() -> None:
    one = Requests(np.array([0.0, 0.01, 50.0]), np.full(3, 100), np.full(3, 10))
    outcomes = simulate_open(one, step_time(), LIMITS, 100_000)
    busy = busy_of(outcomes)
    assert busy.start_s == pytest.approx([0.0, 50.0])
    assert busy.end_s == pytest.approx([max(outcomes.finish_s[:2]), outcomes.finish_s[2]])
    assert 0.0 < busy.share < 0.1


def test_beside_a_process_that_never_rests_everything_takes_twice_as_long() -> None:
    sample = requests(200)
    turns = Turns((ALWAYS,))
    own = simulate_open(turns.on_own_clock(sample), step_time(), LIMITS, 100_000)
    served = turns.on_wall_clock(own, sample.arrival_s)
    twice = step_time(10e-3, 4e-5, 8e-8, 1e-9, 2e-5)
    alone = simulate_open(sample, twice, LIMITS, 100_000)
    assert served.finish_s == pytest.approx(alone.finish_s, rel=1e-6)
    assert served.ttft_s == pytest.approx(alone.ttft_s, rel=1e-6)


def test_who_never_has_work_is_no_neighbour() -> None:
    idle = Busy(np.zeros(0), np.zeros(0), 1.0)
    assert together([idle, ALWAYS]) == (ALWAYS,)
