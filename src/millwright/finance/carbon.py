"""Carbon and water of a case: operational from electricity, embodied from the hosts bought, per million tokens.

References: GHG Protocol Scope 2 (location-based: energy × grid intensity); embodied carbon is spread evenly over a
host's life (as depreciation in a straight line), so a case carries only the months that it holds the host.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from millwright.finance.case import Cause, CostCase, Energy, OwnedHosts
from millwright.finance.discounting import FloatArray, Value
from millwright.finance.ledger import Input, Line
from millwright.finance.owned import hosts_in_service, purchases, service_life
from millwright.finance.running_costs import TOKENS_PER_MTOK, at_month_ends, energy_kwh, hourly_mean


@dataclass(frozen=True)
class CarbonFigures:
    """kg CO2e over the horizon, grams per million tokens, and litres of water; `None` where an item gives no figure."""

    operational_kg: Value | None
    embodied_kg: Value | None
    total_kg: Value | None
    g_per_mtok: Value | None
    water_l: Value | None


def operational_kg(item: Energy, case: CostCase) -> FloatArray | None:
    """Return kWh · PUE · grid intensity [kg CO2e] at the points t = 0…T, or None when the intensity is unknown.

    A grid intensity by hour (168,) is weighted by the power drawn in that hour.
    """
    if item.grid_g_per_kwh is None:
        return None
    watt = item.idle_w + (item.peak_w - item.idle_w) * np.asarray(item.utilisation)
    weighted = hourly_mean(np.asarray(watt * np.asarray(item.grid_g_per_kwh)))
    intensity = weighted / np.asarray(hourly_mean(np.asarray(watt)))
    return np.asarray(energy_kwh(item, case) * item.pue * intensity / 1000.0)


def embodied_kg(item: OwnedHosts, case: CostCase) -> FloatArray | None:
    """Return the embodied carbon [kg CO2e] of the months that hosts are used, at the points t = 0…T, or None.

    A host bought with life L carries 1/L of its embodied carbon each month it is held; one that is never replaced
    carries it over the horizon.
    """
    if item.embodied_kgco2e is None:
        return None
    horizon = case.horizon_months
    wanted = hosts_in_service(item, horizon)
    life = service_life(item)
    bought, retired = purchases(wanted, life)
    held = np.cumsum(bought - retired, axis=-1)
    months = np.where(np.isfinite(life), life, horizon)
    held_at_end = np.concatenate([np.zeros_like(held[..., :1]), held[..., :-1]], axis=-1)
    return np.asarray(held_at_end * (item.embodied_kgco2e / months))


def carbon(case: CostCase) -> CarbonFigures:
    """Return the carbon and water of `case` over its horizon; `total_kg` covers what is known."""
    operational = _total([operational_kg(item, case) for item in case.items if isinstance(item, Energy)])
    embodied = _total([embodied_kg(item, case) for item in case.items if isinstance(item, OwnedHosts)])
    water = _total(
        [
            None if item.wue_l_per_kwh is None else np.asarray(energy_kwh(item, case) * item.wue_l_per_kwh)
            for item in case.items
            if isinstance(item, Energy)
        ]
    )
    known = [part for part in (operational, embodied) if part is not None]
    total = None if not known else sum(known[1:], start=known[0])
    tokens = (
        at_month_ends(case.demand.input_tokens, case.horizon_months)
        + at_month_ends(case.demand.output_tokens, case.horizon_months)
    ).sum(axis=-1)
    g_per_mtok = None if total is None else total * 1000.0 / (tokens / TOKENS_PER_MTOK)
    return CarbonFigures(operational, embodied, total, g_per_mtok, water)


def _total(parts: list[FloatArray | None]) -> Value | None:
    known = [part.sum(axis=-1) for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    total = np.asarray(sum(known[1:], start=known[0]))
    return float(total) if total.ndim == 0 else total


def carbon_price_lines(case: CostCase) -> list[Line]:
    """Return what the case's carbon price [per t CO2e] makes of its operational emissions; none without a price."""
    if not np.any(np.asarray(case.carbon_price_per_t) != 0.0):
        return []
    lines = []
    for item in case.items:
        kg = operational_kg(item, case) if isinstance(item, Energy) else None
        if kg is not None:
            lines.append(
                Line(
                    Cause.CARBON, f"operation: {item.cause}", kg * (np.asarray(case.carbon_price_per_t) / 1000.0),
                    "emissions/1000 * carbon_price",
                    (
                        Input("emissions", kg, "kgCO2e"),
                        Input("carbon_price", case.carbon_price_per_t, f"{case.currency}/tCO2e"),
                    ),
                    source=item.source, date=item.date,
                )
            )  # fmt: skip
    return lines
