"""What an option draws and emits, as published."""

from __future__ import annotations

import numpy as np

from millwright.plan.costing import Inputs, OwnedTerms
from millwright.plan.counted import FIRST_YEAR_MONTHS, MachineCounts
from millwright.plan.model import EstimateValue, Power
from millwright.plan.priced import PricedOption
from millwright.quantity import Basis
from millwright.spans import HOURS_PER_MONTH


def option_power(option: PricedOption, central: Inputs) -> Power:
    """Return electricity and carbon of machines of one's own; a provider's are not known to the catalogue."""
    mean_w = peak_w = carbon_kg = 0.0
    pue: float | None = None
    carbon: float | None = None
    tokens = 0.0
    for part in option.parts:
        terms, schedule = part.serving.terms, part.schedule(central)
        demand = part.serving.case_demand(1.0)
        tokens += float(np.asarray(demand.input_tokens)[:FIRST_YEAR_MONTHS].mean())
        tokens += float(np.asarray(demand.output_tokens)[:FIRST_YEAR_MONTHS].mean())
        if not isinstance(terms, OwnedTerms) or schedule is None:
            return Power()
        machines = MachineCounts.of(part, schedule).installed
        drawn = (
            machines * (terms.idle_w + (terms.peak_w - terms.idle_w) * float(schedule.utilisation.mean())) * terms.pue
        )
        mean_w += drawn
        peak_w += machines * terms.peak_w * terms.pue
        pue = terms.pue
        if terms.carbon_g_per_kwh is not None:
            carbon = terms.carbon_g_per_kwh
            carbon_kg += drawn / 1e3 * HOURS_PER_MONTH * carbon / 1e3
    kwh = mean_w / 1e3 * HOURS_PER_MONTH
    mtok = tokens / 1e6
    known_carbon = carbon is not None
    return Power(
        power_mean_w=_about(mean_w, "W", 0.25),
        power_peak_w=_about(peak_w, "W", 0.10),
        energy_kwh_per_month=_about(kwh, "kWh/month", 0.25),
        energy_kwh_per_mtok=_about(kwh / mtok, "kWh/Mtok", 0.25) if mtok else None,
        carbon_kg_per_month=_about(carbon_kg, "kgCO2e/month", 0.30) if known_carbon else None,
        carbon_g_per_mtok=_about(carbon_kg * 1e3 / mtok, "gCO2e/Mtok", 0.30) if known_carbon and mtok else None,
        pue=pue,
        carbon_g_per_kwh=carbon,
    )


def _about(value: float, unit: str, spread: float) -> EstimateValue:
    """Return a value with an assumed spread: the power of a host between idle and peak is seldom known better."""
    return EstimateValue(
        value=value, low=value * (1.0 - spread), high=value * (1.0 + spread), unit=unit, basis=Basis.ASSUMED
    )
