"""Power lies between idle and TDP and grows with use."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_step_time_laws import device

from millwright.perf.power import device_power_w, idle_power_w
from millwright.quantity import Basis


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_power_grows_with_use_within_idle_and_tdp(first: float, second: float, computing: float) -> None:
    low, high = sorted((first, second))
    card = device()
    less, more = device_power_w(card, low, computing), device_power_w(card, high, computing)
    assert idle_power_w(card) <= less.value <= more.value <= 700.0
    assert less.low <= less.value <= less.high


def test_an_idle_device_draws_its_idle_power() -> None:
    assert device_power_w(replace(device(), idle_w=55.0), 0.0).value == 55.0


def test_a_device_without_tdp_is_assumed() -> None:
    assert device_power_w(replace(device(), tdp_w=None), 0.5).basis is Basis.ASSUMED


def test_a_share_beyond_one_is_refused() -> None:
    with pytest.raises(ValueError, match="share from 0 to 1"):
        device_power_w(device(), 1.2)


def test_a_family_that_was_not_read_lies_between_those_that_were() -> None:
    cards = [replace(device(), family=name) for name in ("hopper", "unread", "blackwell")]
    found = [device_power_w(card, 1.0).value for card in cards]
    assert found[0] < found[1] < found[2]
    assert found[1] == pytest.approx((found[0] + found[2]) / 2.0)
