"""What an option costs, against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_cases import API, CERTAIN, EUR, NOBODY, OFFICE, OWNED, RENTED, inputs, part, tokens

from millwright.finance.case import CostCase
from millwright.finance.figures import evaluate
from millwright.plan.costing import Capacity, Inputs, ServingPart, StaffTerms, cost_case

REQUESTS_PER_MONTH = 2.0 * 365.25 * 86_400.0 / 12.0
ENGINEER = StaffTerms(0.5, 0.0, 90_000.0, "a contract")


def _case(
    *parts: ServingPart, staff: StaffTerms = NOBODY, under: Inputs = CERTAIN, demand_factor: float = 1.0
) -> CostCase:
    return cost_case("case", EUR, parts, staff, under, demand_factor)


def _by_cause(*parts: ServingPart, **options: object) -> dict[str, float]:
    return {str(cause): float(amount) for cause, amount in evaluate(_case(*parts, **options)).by_cause.items()}


# --- owned ------------------------------------------------------------------------------------------------------


def test_one_owned_host_costs_its_price_its_energy_and_its_people() -> None:
    found = _by_cause(part(OWNED), staff=ENGINEER)
    utilisation = 2.0 / 4.0
    watt = 1_000.0 + (5_000.0 - 1_000.0) * utilisation
    assert found["hardware"] == pytest.approx(100_000.0)
    assert found["energy"] == pytest.approx(watt / 1000.0 * 1.5 * 0.2 * 8_766.0)
    assert found["staff"] == pytest.approx(45_000.0)
    assert sum(found.values()) == pytest.approx(float(evaluate(_case(part(OWNED), staff=ENGINEER)).npv_cost))


def test_a_spare_is_bought_and_idles_its_share() -> None:
    alone, with_spare = _by_cause(part(OWNED)), _by_cause(part(OWNED, spares=1))
    assert with_spare["hardware"] == 2.0 * alone["hardware"]
    # the same work on two machines: two idle draws, one load
    extra = 1_000.0 / 1000.0 * 1.5 * 0.2 * 8_766.0
    assert with_spare["energy"] - alone["energy"] == pytest.approx(extra)


def test_energy_follows_the_hours_of_work_not_their_spread() -> None:
    busy = replace(tokens(hourly=OFFICE))
    flat = tokens()
    one_each = [_by_cause(part(OWNED, demand, per_machine_per_s=100.0))["energy"] for demand in (busy, flat)]
    assert one_each[0] == pytest.approx(one_each[1])


def test_machines_that_are_there_are_not_bought_but_draw_power() -> None:
    two = part(OWNED, tokens(6.0))
    found = _by_cause(replace(two, terms=replace(OWNED, existing=1)))
    assert found["hardware"] == pytest.approx(100_000.0)
    assert found["energy"] == pytest.approx(_by_cause(two)["energy"])
    assert _by_cause(replace(two, terms=replace(OWNED, existing=5)))["hardware"] == 0.0


def test_machines_that_are_there_still_need_support() -> None:
    two = part(OWNED, tokens(6.0))
    under = inputs(maintenance_share_per_y=0.1)
    found = _by_cause(replace(two, terms=replace(OWNED, existing=1)), under=under)
    assert found["hardware"] == pytest.approx(100_000.0 + 10_000.0)
    assert found["support"] == pytest.approx(10_000.0)
    everything_there = _by_cause(replace(two, terms=replace(OWNED, existing=9)), under=under)
    assert everything_there["support"] == pytest.approx(20_000.0)


def test_machines_bought_for_growth_are_paid_when_they_are_needed() -> None:
    growing = part(OWNED, tokens(3.0, months=24, growth_per_year=1.0))
    flow = next(line for line in _lines(_case(growing)) if line.part == "purchase").amounts
    # 3/s growing to 3·2^(11/12) = 5.7/s by month 11 and 3·2^(23/12) = 11.3/s by month 23, at 4/s a machine
    assert flow[0] == pytest.approx(200_000.0)
    assert flow[12] == pytest.approx(100_000.0)
    assert flow.sum() == pytest.approx(300_000.0)


def _lines(case: CostCase) -> list:
    from millwright.finance.cash_flow import cash_flow

    return list(cash_flow(case).lines)


def test_resale_and_support_are_shares_of_the_price() -> None:
    under = inputs(residual_share=0.2, residual_age_months=24.0, hardware_life_months=24.0, maintenance_share_per_y=0.1)
    found = _by_cause(part(OWNED, tokens(months=24)), under=under)
    assert found["hardware"] == pytest.approx(100_000.0 - 20_000.0 + 2 * 10_000.0)


def test_a_host_is_replaced_when_its_life_ends() -> None:
    short = inputs(hardware_life_months=12.0)
    assert _by_cause(part(OWNED, tokens(months=36)), under=short)["hardware"] == pytest.approx(300_000.0)


def test_nobody_buys_with_foresight() -> None:
    growing = part(OWNED, tokens(3.0))  # 3/s at 4/s a machine: one is bought, whatever turns out
    little, much = (_by_cause(growing, under=inputs(demand=turned_out))["hardware"] for turned_out in (0.1, 3.0))
    assert little == pytest.approx(100_000.0)
    assert much == pytest.approx(300_000.0)  # 9/s take three


def test_a_smaller_demand_that_is_known_buys_less() -> None:
    large = part(OWNED, tokens(30.0))
    known, unknown = inputs(planned_demand=0.1), inputs(demand=0.1)
    assert _by_cause(large, under=known)["hardware"] == pytest.approx(100_000.0)
    assert _by_cause(large, under=unknown)["hardware"] == pytest.approx(800_000.0)  # 30/s at 4/s a machine


@pytest.mark.parametrize(("position", "price"), [(0.0, 80e3), (0.25, 90e3), (0.5, 100e3), (0.75, 115e3), (1.0, 130e3)])
def test_the_price_lies_where_its_position_says(position: float, price: float) -> None:
    assert _by_cause(part(OWNED), under=inputs(price_position=position))["hardware"] == pytest.approx(price)


def test_colocation_pays_for_the_peak_power_and_no_electricity() -> None:
    terms = replace(OWNED, colo_price_per_kw_month=150.0, colo_includes_energy=True)
    found = _by_cause(part(terms, spares=1))
    assert found["facility"] == pytest.approx(2 * 5.0 * 150.0 * 12)
    assert "energy" not in found


# --- rented -----------------------------------------------------------------------------------------------------


def test_on_demand_machines_cost_the_hours_they_are_needed() -> None:
    office_hours = 50 / 168 * 730.5 * 12
    found = _by_cause(part(RENTED, tokens(hourly=OFFICE), per_machine_per_s=100.0))
    assert found == {"rent": pytest.approx(office_hours * 3.0)}


def test_reserved_machines_cost_every_hour() -> None:
    terms = replace(RENTED, switched=False)
    found = _by_cause(part(terms, tokens(hourly=OFFICE), per_machine_per_s=100.0, spares=1))
    assert found == {"rent": pytest.approx(2 * 8_766.0 * 3.0)}


def test_rent_drifts_and_haggles() -> None:
    dearer = _by_cause(part(RENTED), under=inputs(rent=1.1, provider_price={"somebody": 0.5, "another": 9.0}))
    assert dearer["rent"] == pytest.approx(8_766.0 * 3.0 * 1.1 * 0.5)
    drifting = _by_cause(part(RENTED), under=inputs(cloud_price_drift_per_y=-0.2))["rent"]
    assert drifting == pytest.approx(sum(730.5 * 3.0 * 0.8 ** (month / 12) for month in range(12)))


# --- tokens -----------------------------------------------------------------------------------------------------


def test_an_api_bills_the_tokens() -> None:
    requests = REQUESTS_PER_MONTH * 12
    assert _by_cause(part(API)) == {
        "api tokens": pytest.approx(requests * (1_000.0 * 0.5 + 200.0 * 2.0) / 1e6),
    }


def test_batch_work_is_billed_at_the_batch_price() -> None:
    half = _by_cause(part(replace(API, batch_price_factor=0.5)))
    assert half["api tokens"] == pytest.approx(0.5 * _by_cause(part(API))["api tokens"])


def test_each_workloads_tokens_are_priced_at_their_own_price() -> None:
    chat, code = (
        part(API, tokens(2.0)),
        part(replace(API, input_price_per_mtok=5.0), tokens(1.0, lengths=(300.0, 50.0))),
    )
    alone = _by_cause(chat)["api tokens"] + _by_cause(code)["api tokens"]
    assert _by_cause(chat, code)["api tokens"] == pytest.approx(alone)


def test_all_workloads_tokens_count_once_in_the_cost_per_token() -> None:
    chat, code = part(API, tokens(2.0)), part(OWNED, tokens(1.0, lengths=(300.0, 50.0)))
    both = evaluate(_case(chat, code))
    expected = 12 * REQUESTS_PER_MONTH * (1_200.0 + 350.0 / 2.0) / 1e6
    assert both.tokens_mtok == pytest.approx(expected)
    assert both.lcot_per_mtok == pytest.approx(float(both.npv_cost) / expected)


# --- people -----------------------------------------------------------------------------------------------------


def test_nobody_costs_nothing_and_a_rota_is_a_floor() -> None:
    assert "staff" not in _by_cause(part(API))
    rota = StaffTerms(0.25, 1.0, 90_000.0, "a contract")
    assert _by_cause(part(API), staff=rota)["staff"] == pytest.approx(90_000.0)
    assert _by_cause(part(API), staff=rota, under=inputs(wages=1.2))["staff"] == pytest.approx(108_000.0)


def test_people_are_paid_once_however_many_workloads() -> None:
    assert _by_cause(part(API), part(API), staff=ENGINEER)["staff"] == pytest.approx(45_000.0)


# --- uncertainty and scale --------------------------------------------------------------------------------------


@given(factor=st.floats(0.05, 50.0))
def test_tokens_cost_in_proportion_to_demand(factor: float) -> None:
    one, many = evaluate(_case(part(API))), evaluate(_case(part(API), demand_factor=factor))
    assert many.npv_cost == pytest.approx(float(one.npv_cost) * factor)
    assert many.lcot_per_mtok == pytest.approx(float(one.lcot_per_mtok))


@given(factor=st.floats(0.05, 50.0), terms=st.sampled_from([OWNED, RENTED, replace(RENTED, switched=False)]))
def test_a_factor_on_demand_and_an_uncertain_demand_are_the_same(factor: float, terms: object) -> None:
    by_factor = evaluate(_case(part(terms), demand_factor=factor))
    by_input = evaluate(_case(part(terms), under=inputs(demand=factor)))
    assert by_factor.npv_cost == pytest.approx(float(by_input.npv_cost))
    assert by_factor.tokens_mtok == pytest.approx(float(by_input.tokens_mtok))


@pytest.mark.parametrize("terms", [OWNED, RENTED, replace(RENTED, switched=False), API])
def test_draws_are_the_single_cases_side_by_side(terms: object) -> None:
    columns = {
        "demand": [0.5, 1.0, 3.0],
        "electricity": [0.8, 1.0, 1.3],
        "wages": [0.9, 1.0, 1.1],
        "rent": [0.9, 1.0, 1.2],
        "price_position": [0.1, 0.5, 0.9],
        "hardware_life_months": [36.0, 48.0, 60.0],
        "residual_share": [0.1, 0.2, 0.4],
        "maintenance_share_per_y": [0.05, 0.1, 0.15],
        "cloud_price_drift_per_y": [-0.1, 0.0, 0.05],
        "api_price_drift_per_y": [-0.4, -0.2, 0.0],
    }
    deviates = [-1.0, 0.0, 2.0]
    served = part(terms, tokens(9.0, months=40, growth_per_year=0.2, hourly=OFFICE + 0.1), spares=1, log_sigma=0.3)
    drawn = inputs(
        **{name: np.array(values)[:, None] for name, values in columns.items()},
        capacity_z={"device": np.array(deviates)[:, None]},
    )
    together = evaluate(_case(served, staff=ENGINEER, under=drawn))
    for row, deviate in enumerate(deviates):
        single = inputs(**{name: values[row] for name, values in columns.items()}, capacity_z={"device": deviate})
        alone = evaluate(_case(served, staff=ENGINEER, under=single))
        assert np.asarray(together.npv_cost)[row] == pytest.approx(float(alone.npv_cost))
        assert np.asarray(together.lcot_per_mtok)[row] == pytest.approx(float(alone.lcot_per_mtok))


def test_the_central_capacity_is_the_predicted_one() -> None:
    capacity = Capacity("h100", 5.0, 0.25)
    assert capacity.drawn(CERTAIN) == pytest.approx(5.0)
    assert capacity.drawn(inputs(capacity_z={"h100": 1.0})) == pytest.approx(5.0 * np.exp(0.25))
    assert capacity.drawn(inputs(capacity_z={"another": 1.0})) == pytest.approx(5.0)


def test_discounting_moves_the_running_costs_not_the_purchase() -> None:
    discounted = evaluate(_case(part(OWNED), under=inputs(discount_rate_per_y=0.1))).npv_by_cause
    plain = evaluate(_case(part(OWNED))).npv_by_cause
    assert discounted["hardware"] == pytest.approx(plain["hardware"])
    monthly = float(plain["energy"]) / 12
    assert discounted["energy"] == pytest.approx(sum(monthly * 1.1 ** (-month / 12) for month in range(1, 13)))


# --- confidence -------------------------------------------------------------------------------------------------


def _sized(deviate: float) -> float:
    capacity = Capacity("device", 4.0, 0.2, 0.4, sure_per_s=3.0)
    served = ServingPart(tokens(7.0), RENTED, capacity, 0)
    schedule = served.schedule(inputs(capacity_z={"device": deviate}))
    assert schedule is not None
    return float(schedule.rented.max())


def test_machines_are_counted_by_what_they_surely_serve() -> None:
    assert _sized(0.0) == 3.0  # 7 / 3, where 7 / 4 would do in the middle


def test_machines_are_added_where_the_truth_is_worse_and_kept_where_it_is_better() -> None:
    assert _sized(-2.0) == 4.0  # 4·exp(−0.8) = 1.8
    assert _sized(3.0) == _sized(0.0)
