"""The cost of options: parts add up, odds are shares, crossings lie where two straight lines cross."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_cases import API, CERTAIN, OFFICE, OWNED, RENTED, option, part, tokens

from millwright.finance.uncertainty import sample, values_at
from millwright.law.kleene import Verdict
from millwright.plan.costing import ApiTerms, OwnedTerms, StaffTerms
from millwright.plan.model import Cost
from millwright.plan.money import (
    DEMAND_MULTIPLES,
    Odds,
    break_even,
    compare_options,
    demand_crossing,
    published_cost,
)
from millwright.plan.priced import PricedOption
from millwright.plan.uncertain import central_inputs, uncertain_inputs
from millwright.scenario.model import Finance

FINANCE = Finance()
CENTRAL = central_inputs(FINANCE)
UNCERTAIN = uncertain_inputs(FINANCE, ("device",), ("somebody",))
ENGINEER = StaffTerms(0.5, 0.0, 90_000.0, "a contract")
DEMAND = tokens(6.0, months=36, growth_per_year=0.3, hourly=OFFICE + 0.2)
OPTIONS = (
    option("owned", part(OWNED, DEMAND, spares=1, log_sigma=0.2), staff=ENGINEER),
    option("rented", part(RENTED, DEMAND, spares=1, log_sigma=0.2), staff=ENGINEER),
    option("reserved", part(replace(RENTED, switched=False, price_per_h=2.0), DEMAND, log_sigma=0.2), staff=ENGINEER),
    option("tokens", part(API, DEMAND)),
    option("mix", part(OWNED, DEMAND), part(API, tokens(1.0, months=36)), staff=ENGINEER),
)


def _odds(options: tuple[PricedOption, ...] = OPTIONS, seed: int = 0, draws: int = 256) -> Odds:
    return compare_options(options, UNCERTAIN, FINANCE, CENTRAL, seed, draws)


ODDS = _odds()


def _published(one: PricedOption, odds: Odds = ODDS) -> Cost:
    values = values_at(UNCERTAIN, sample(UNCERTAIN, 128, 0))
    return published_cost(one, odds, CENTRAL, values, FINANCE, (), in_full=True)


# --- odds -------------------------------------------------------------------------------------------------------


def test_the_probabilities_of_being_best_add_up_to_one() -> None:
    assert sum(ODDS.probability_best(one.id) for one in OPTIONS) == pytest.approx(1.0)


def test_the_same_seed_gives_the_same_odds_and_another_one_nearly() -> None:
    again, other = _odds(), _odds(seed=1)
    np.testing.assert_array_equal(again.comparison.costs, ODDS.comparison.costs)
    assert not np.array_equal(other.comparison.costs, ODDS.comparison.costs)
    for one in OPTIONS:
        assert other.lcot(one.id).p50 == pytest.approx(ODDS.lcot(one.id).p50, rel=0.1)


def test_options_that_differ_in_one_thing_differ_by_it_in_every_draw() -> None:
    dear = option("dear", part(replace(API, output_price_per_mtok=2.2), DEMAND))
    odds = _odds((OPTIONS[3], dear))
    assert odds.probability_best("tokens") == 1.0
    assert odds.comparison.probability_cheaper("tokens", "dear") == 1.0


def test_a_lawful_option_is_the_best_of_the_lawful_ones() -> None:
    doubtful = option("doubtful", part(replace(API, output_price_per_mtok=0.01), DEMAND), verdict=Verdict.UNKNOWN)
    odds = _odds((*OPTIONS, doubtful))
    assert sum(odds.probability_best(one.id) for one in OPTIONS) == pytest.approx(1.0)
    assert 0.0 < odds.probability_best("doubtful") <= 1.0


def test_without_any_lawful_option_all_are_compared() -> None:
    doubtful = tuple(replace_verdict(one) for one in OPTIONS)
    odds = _odds(doubtful)
    assert sum(odds.probability_best(one.id) for one in doubtful) == pytest.approx(1.0)


def replace_verdict(one: PricedOption) -> PricedOption:
    """Return the option with a fact missing."""
    return option(one.id, *(each.serving for each in one.parts), staff=one.staff, verdict=Verdict.UNKNOWN)


# --- what is published ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", OPTIONS, ids=lambda one: one.id)
def test_the_causes_add_up_to_the_cost_per_token(one: PricedOption) -> None:
    cost = _published(one)
    assert sum(cause.lcot for cause in cost.by_cause) == pytest.approx(cost.lcot.value)
    assert sum(cause.per_month for cause in cost.by_cause) * 36 == pytest.approx(
        sum(month.cost for month in cost.cash_flow)
    )


@pytest.mark.parametrize("one", OPTIONS, ids=lambda one: one.id)
def test_the_cost_of_input_and_output_make_the_whole(one: PricedOption) -> None:
    cost = _published(one)
    assert cost.lcot_input is not None
    assert cost.lcot_output is not None
    case = one.case(CENTRAL)
    month_in, month_out = (float(np.asarray(each)[0]) for each in (case.demand.input_tokens, case.demand.output_tokens))
    mixed = (cost.lcot_input.value * month_in + cost.lcot_output.value * month_out) / (month_in + month_out)
    assert mixed == pytest.approx(cost.lcot.value, rel=0.01)
    for part_of in (cost.lcot_input, cost.lcot_output):
        assert part_of.low / part_of.value == pytest.approx(cost.lcot.low / cost.lcot.value)
        assert part_of.high / part_of.value == pytest.approx(cost.lcot.high / cost.lcot.value)


@pytest.mark.parametrize("one", OPTIONS, ids=lambda one: one.id)
def test_what_is_bought_and_what_is_run_are_told_apart(one: PricedOption) -> None:
    cost = _published(one)
    first, *running = cost.cash_flow
    assert first.month == 0
    assert first.cost == pytest.approx(cost.capex.value)
    assert len(running) == 36
    hardware = [cause for cause in cost.by_cause if cause.capital]
    assert bool(hardware) is (cost.capex.value > 0.0)
    for estimate in (cost.capex, cost.opex_per_month, cost.npv_of_costs):
        assert estimate.low <= estimate.value <= estimate.high
    assert cost.opex_per_month.low < cost.opex_per_month.high  # wages, rent, tokens and electricity are all uncertain


@pytest.mark.parametrize("one", OPTIONS, ids=lambda one: one.id)
def test_the_cash_flow_adds_up_month_by_month(one: PricedOption) -> None:
    months = _published(one).cash_flow
    np.testing.assert_allclose(np.cumsum([month.cost for month in months]), [month.cumulative for month in months])
    assert all(month.cost_low <= month.cost <= month.cost_high for month in months)
    assert all(month.cumulative_low <= month.cumulative <= month.cumulative_high for month in months)


def test_the_demand_curve_passes_through_todays_cost() -> None:
    cost = _published(OPTIONS[0])
    at_one = next(point for point in cost.demand_curve if point.demand_multiple == 1.0)
    assert at_one.lcot == pytest.approx(cost.lcot.value)
    assert [point.demand_multiple for point in cost.demand_curve] == list(DEMAND_MULTIPLES)


def test_costs_that_are_nothing_are_published_as_nothing() -> None:
    free = option("free", part(replace(API, input_price_per_mtok=0.0, output_price_per_mtok=0.0), DEMAND))
    cost = _published(free, _odds((free,)))
    assert cost.lcot.value == 0.0
    assert all(cause.lcot == 0.0 for cause in cost.by_cause)


# --- crossings --------------------------------------------------------------------------------------------------

ONE_MACHINE = replace(OWNED, idle_w=0.0, peak_w=0.0)
"""A machine that draws nothing: it costs its price, whatever it serves."""


def _line_and_fixed(price_per_mtok: float) -> tuple[PricedOption, PricedOption]:
    fixed = option("fixed", part(ONE_MACHINE, tokens(0.01), per_machine_per_s=1e9))
    line = option("line", part(ApiTerms("p", price_per_mtok, price_per_mtok, "a list"), tokens(0.01)))
    return fixed, line


@settings(max_examples=40, deadline=None)
@given(exponent=st.floats(-0.9, 1.9))
def test_a_fixed_cost_beats_a_price_per_token_where_the_line_reaches_it(exponent: float) -> None:
    expected = 10.0**exponent
    mtok_a_year = 0.01 * 1_200.0 * 365.25 * 86_400.0 / 1e6
    fixed, line = _line_and_fixed(100_000.0 / mtok_a_year / expected)
    assert demand_crossing(fixed, line, CERTAIN) == pytest.approx(expected, rel=1e-4)


def test_beyond_the_range_looked_at_the_answer_is_never() -> None:
    fixed, line = _line_and_fixed(1e-3)
    assert demand_crossing(fixed, line, CERTAIN) is None
    assert demand_crossing(line, fixed, CERTAIN) == DEMAND_MULTIPLES[0]


def test_a_break_even_says_what_its_figures_say() -> None:
    mtok_a_year = 0.01 * 1_200.0 * 365.25 * 86_400.0 / 1e6
    fixed, line = _line_and_fixed(100_000.0 / mtok_a_year / 5.0)
    odds = compare_options((fixed, line), UNCERTAIN, FINANCE, CERTAIN, 0, 64)
    above, below = break_even(fixed, line, odds, CERTAIN), break_even(line, fixed, odds, CERTAIN)
    assert above.sentence == "From 5 times today's demand on it is cheaper than line."
    assert above.demand_multiple is not None
    assert below.sentence == "Below 5 times today's demand it is cheaper than fixed, above it is not."
    assert below.demand_multiple is None
    assert above.probability == pytest.approx(1.0 - (below.probability or 0.0))


def test_never_is_said_only_where_it_is_never_cheaper() -> None:
    fixed, line = _line_and_fixed(1e-3)
    odds = compare_options((fixed, line), UNCERTAIN, FINANCE, CERTAIN, 0, 64)
    assert "never cheaper" in break_even(fixed, line, odds, CERTAIN).sentence
    assert "at any demand" in break_even(line, fixed, odds, CERTAIN).sentence


@pytest.mark.parametrize(("price", "months"), [(3_000.0, 12), (6_000.0, 6)])
def test_a_machine_pays_back_in_the_month_when_the_bills_reach_its_price(price: float, months: int) -> None:
    mtok_a_month = 0.01 * 1_200.0 * 365.25 * 86_400.0 / 12 / 1e6
    machine: OwnedTerms = replace(ONE_MACHINE, price=36_000.0)
    fixed = option("fixed", part(machine, tokens(0.01, months=24), per_machine_per_s=1e9))
    bill = ApiTerms("p", price / mtok_a_month, price / mtok_a_month, "a list")
    line = option("line", part(bill, tokens(0.01, months=24)))
    odds = compare_options((fixed, line), UNCERTAIN, FINANCE, CERTAIN, 0, 64)
    month = break_even(fixed, line, odds, CERTAIN).month
    assert month is not None
    assert month.value == months
