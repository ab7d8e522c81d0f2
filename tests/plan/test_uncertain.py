"""What is uncertain, and what is not: stated figures are certain, defaulted ones are spread about the value shown."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from plan_cases import CERTAIN

from millwright.finance.distributions import Certain
from millwright.finance.uncertainty import median_values, sample, values_at
from millwright.plan.costing import Inputs
from millwright.plan.uncertain import central_inputs, inputs_from, uncertain_inputs
from millwright.scenario.model import Finance

SILENT = Finance()
FIELDS = {
    "hardware_life_years": ("hardware life", 5.0, 60.0),
    "residual": ("residual value", 0.3, 0.3),
    "maintenance_per_year": ("maintenance", 0.07, 0.07),
    "cloud_price_drift_per_year": ("cloud price drift", -0.1, -0.1),
    "api_price_drift_per_year": ("API price drift", -0.3, -0.3),
}
"""Scenario field: the input's name, a stated value, and that value in the input's unit."""


def _finance(**stated: object) -> Finance:
    return Finance.model_validate(stated, by_name=True)


@pytest.mark.parametrize(("field", "told"), FIELDS.items())
def test_a_stated_figure_is_certain(field: str, told: tuple[str, float, float]) -> None:
    name, stated, value = told
    found = {each.name: each for each in uncertain_inputs(_finance(**{field: stated}), (), ())}
    assert isinstance(found[name].distribution, Certain)
    assert found[name].median == pytest.approx(value)
    silent = {each.name: each for each in uncertain_inputs(SILENT, (), ())}
    assert silent[name].quantile(0.9) > silent[name].quantile(0.1)


def test_stated_pay_is_certain() -> None:
    found = {each.name: each for each in uncertain_inputs(_finance(staff={"fte_cost": "85 kEUR"}), (), ())}
    assert isinstance(found["wages"].distribution, Certain)
    assert found["wages"].median == 1.0


def test_what_is_stated_reaches_the_central_case() -> None:
    central = central_inputs(_finance(**{field: stated for field, (_, stated, _) in FIELDS.items()}))
    assert central.hardware_life_months == 60.0
    assert central.residual_share == 0.3
    assert central.maintenance_share_per_y == 0.07
    assert central.cloud_price_drift_per_y == -0.1
    assert central.api_price_drift_per_y == -0.3


def test_the_median_of_every_input_is_near_the_central_case() -> None:
    medians = inputs_from(median_values(uncertain_inputs(SILENT, ("h100",), ("aws",))), SILENT)
    central = central_inputs(SILENT)
    for each in fields(Inputs):
        if each.name in ("capacity_z", "provider_price"):
            continue
        middle, shown = getattr(medians, each.name), getattr(central, each.name)
        spread = 0.1 * abs(shown) if each.name != "cloud_price_drift_per_y" else 0.05
        if each.name in ("residual_share", "api_price_drift_per_y"):
            spread = 0.06  # skewed distributions, whose medians lie beside the usual value
        assert middle == pytest.approx(shown, abs=spread), each.name
    assert medians.capacity_z == {"h100": pytest.approx(0.0, abs=1e-9)}
    assert medians.provider_price == {"aws": pytest.approx(1.0, rel=0.01)}


def test_every_input_has_its_own_name_and_reaches_the_costs() -> None:
    uncertain = uncertain_inputs(SILENT, ("h100", "l40s"), ("aws", "scaleway"))
    names = [each.name for each in uncertain]
    assert len(set(names)) == len(names)
    drawn = inputs_from(values_at(uncertain, sample(uncertain, 64, seed=1)), SILENT)
    columns = [getattr(drawn, each.name) for each in fields(Inputs)]
    columns += [*drawn.capacity_z.values(), *drawn.provider_price.values()]
    arrays = [column for column in columns if isinstance(column, np.ndarray)]
    assert len(arrays) == len(names)  # none is drawn in vain, and none is missing
    assert all(array.shape == (64, 1) for array in arrays)
    assert set(drawn.capacity_z) == {"h100", "l40s"}
    assert set(drawn.provider_price) == {"aws", "scaleway"}


def test_rates_that_define_money_are_not_drawn() -> None:
    drawn = inputs_from(median_values(uncertain_inputs(SILENT, (), ())), _finance(discount_rate_per_year=0.11))
    assert drawn.discount_rate_per_y == 0.11
    assert drawn.inflation_per_y == SILENT.inflation_per_year


def test_every_input_says_where_its_spread_comes_from() -> None:
    for each in uncertain_inputs(SILENT, ("h100",), ("aws",)):
        assert each.source
        assert each.unit
        assert each.quality in ("A", "B", "C")


def test_the_hand_made_case_has_every_input() -> None:
    assert {each.name for each in fields(Inputs)} == set(vars(CERTAIN))


@pytest.mark.parametrize("drift", [-0.5, -0.15, 0.0, 0.05, 0.4])
def test_any_stated_drift_of_cloud_prices_can_be_planned_with(drift: float) -> None:
    found = {each.name: each for each in uncertain_inputs(_finance(cloud_price_drift_per_year=drift), (), ())}
    assert found["cloud price drift"].median == drift
