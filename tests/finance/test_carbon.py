import math
from dataclasses import replace

import numpy as np
import pytest
from cost_case_samples import case_of

from millwright.finance.carbon import carbon
from millwright.finance.case import Demand, Energy, OwnedHosts
from millwright.finance.cash_flow import cash_flow

# 1 kW at all hours, PUE 1.2: 730.5 kWh of the machines a month, 876.6 kWh in all
ENERGY = Energy("energy", "q", 1.0, 1_000.0, 1_000.0, 0.5, 0.2, 1.2, grid_g_per_kwh=400.0, wue_l_per_kwh=1.8)
HOSTS = OwnedHosts("hardware", "q", 1.0, 1e5, 48.0, embodied_kgco2e=4_800.0)
ONE_MTOK = Demand(0.5e6, 0.5e6, 1.0)


def test_carbon_by_hand() -> None:
    found = carbon(case_of(ENERGY, HOSTS, months=12, demand=ONE_MTOK))
    assert found.operational_kg == pytest.approx(12 * 876.6 * 0.4)
    assert found.embodied_kg == pytest.approx(12 * 100.0)
    assert found.total_kg == pytest.approx(12 * (350.64 + 100.0))
    assert found.g_per_mtok == pytest.approx(450_640.0)
    assert found.water_l == pytest.approx(12 * 730.5 * 1.8)


def test_a_host_carries_its_carbon_only_while_it_is_held() -> None:
    # three lives of 12 months in 30 months: 2.5 hosts' worth
    found = carbon(case_of(replace(HOSTS, life_months=12.0), months=30, demand=ONE_MTOK))
    assert found.embodied_kg == pytest.approx(2.5 * 4_800.0)


def test_a_host_that_is_never_replaced_carries_all_of_it() -> None:
    found = carbon(case_of(replace(HOSTS, life_months=math.inf), months=30, demand=ONE_MTOK))
    assert found.embodied_kg == pytest.approx(4_800.0)


def test_what_is_not_known_is_not_made_up() -> None:
    found = carbon(case_of(replace(ENERGY, grid_g_per_kwh=None), HOSTS, months=12, demand=ONE_MTOK))
    assert found.operational_kg is None
    assert found.embodied_kg is not None
    assert carbon(case_of(replace(ENERGY, wue_l_per_kwh=None), months=12, demand=ONE_MTOK)).water_l is None
    assert carbon(case_of(months=12, demand=ONE_MTOK)).total_kg is None


def test_a_dirty_hour_counts_for_what_is_drawn_in_it() -> None:
    # all power in one hour of 168, and only that hour is dirty
    busy = (np.arange(168) == 5).astype(float)
    item = replace(ENERGY, idle_w=0.0, utilisation=busy, grid_g_per_kwh=busy * 500.0)
    found = carbon(case_of(item, months=1, demand=ONE_MTOK))
    assert found.operational_kg == pytest.approx(730.5 / 168 * 1.2 * 0.5)


def test_a_carbon_price_is_paid_on_what_is_emitted() -> None:
    flow = cash_flow(case_of(ENERGY, months=12, demand=ONE_MTOK, carbon_price_per_t=80.0))
    assert flow.by_cause["carbon price"].sum() == pytest.approx(12 * 0.35064 * 80.0)
    assert "carbon price" not in cash_flow(case_of(ENERGY, months=12)).by_cause
