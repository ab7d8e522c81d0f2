"""One fine-tuning job as an option does it: in the idle hours of its machines, on rented ones, or both in turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from millwright.finance.case import CostItem, Fixed
from millwright.plan.costing import Inputs
from millwright.quantity import Estimate

CAUSE = "fine-tuning"


@dataclass(frozen=True)
class PlacedJob:
    """Where a job runs and what that costs, before any uncertainty.

    `idle_months` (months of the horizon) says in which months it runs in idle hours. A run takes `time_h` there and
    draws `energy_kwh`; `rented_time_h` on `rented_title`. A month's runs cost `electricity_per_month` in idle hours and
    `rent_per_month` elsewhere [currency].
    """

    name: str
    workload: str
    runs_per_month: float
    idle_months: tuple[bool, ...]
    time_h: Estimate | None = None
    energy_kwh: Estimate | None = None
    idle_title: str = ""
    idle_share: float = 0.0
    longest_h: float = 0.0
    electricity_per_month: float = 0.0
    rented_title: str = ""
    rented_time_h: Estimate | None = None
    rent_per_month: float = 0.0
    provider_id: str = ""
    source: str = ""
    from_month: int = 0

    def item(self, inputs: Inputs, months: int) -> CostItem:
        """Return what the job costs under `inputs`, month by month; nothing before going live."""
        idle = np.array(self.idle_months, dtype=np.float64)[:months]
        live = np.where(np.arange(months) >= self.from_month, 1.0, 0.0)
        rent = np.asarray(inputs.rent) * np.asarray(inputs.provider_price.get(self.provider_id, 1.0))
        drift = (1.0 + np.asarray(inputs.cloud_price_drift_per_y)) ** (np.arange(months) / 12.0)
        amounts = idle * self.electricity_per_month * np.asarray(inputs.electricity)
        amounts = amounts + (1.0 - idle) * self.rent_per_month * rent * drift
        return Fixed(cause=CAUSE, source=self.source, per_month=np.asarray(amounts * live), escalation_per_y=0.0)
