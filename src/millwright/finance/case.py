"""A cost case: the demand to be served over a horizon, and everything that is paid to serve it.

One case is one way of serving (own, rent, tokens, or a mix: simply several items). All money is in the case's
currency, in prices of today. Every number may be uncertain: `Value` is a float or a column (draws, 1); `PerMonth` is a
Value, a row (months,), or a table (draws, months). `cash_flow` turns a case into money over time,
`evaluate` into figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from millwright.finance.discounting import FloatArray, Value
from millwright.spans import HOURS_PER_MONTH, HOURS_PER_WEEK

PerMonth: TypeAlias = float | FloatArray
"""A Value, or one number per month (months,), or per draw and month (draws, months)."""

OUTPUT_TOKEN_WEIGHT = 4.0
"""How many input tokens one output token is worth where a cost is split between them: the median of the output to input
price ratio over 4,387 API price entries of 2026 (P10 1.5, P90 8; computed from public price lists, quality B)."""


class CaseError(ValueError):
    """A case cannot be priced; the message says which field and what it accepts."""


class Cause(StrEnum):
    """Usual names for `cause`. Any other text is as good: causes are grouped by their name."""

    HARDWARE = "hardware"
    SUPPORT = "support"
    ENERGY = "energy"
    FACILITY = "facility"
    NETWORK = "network"
    LICENCES = "licences"
    STAFF = "staff"
    TRAINING = "training"
    COMPLIANCE = "compliance"
    MIGRATION = "migration"
    RENT = "rent"
    EGRESS = "egress"
    API = "api tokens"
    CARBON = "carbon price"
    TAX = "tax"


@dataclass(frozen=True)
class Demand:
    """What is served each month: tokens in (cached ones included) and out, requests, and users where counted.

    `capacity_tokens` is what the reserved machines could serve in a month at full load; with it the cost per token is
    also shown on the basis of use, the one that papers like to quote.
    """

    input_tokens: PerMonth
    output_tokens: PerMonth
    requests: PerMonth
    users: PerMonth | None = None
    capacity_tokens: PerMonth | None = None


class Financing(StrEnum):
    """How hosts are paid for."""

    PURCHASE = "purchase"
    LOAN = "loan"
    LEASE = "lease"


@dataclass(frozen=True)
class Credit:
    """Terms of a loan or a lease: effective rate [1/y], term [month], share paid at once, share left to pay at the end.

    A lease gives the hosts back at the end of the term instead of paying `balloon_share`; a loan pays it.
    """

    rate_per_y: Value
    term_months: int
    down_payment_share: Value = 0.0
    balloon_share: Value = 0.0


@dataclass(frozen=True)
class OwnedHosts:
    """Hosts that are bought, leased or financed, replaced when their life ends, and sold when they leave.

    `hosts` are in service each month (spares included); each price is per host. `duty_share` and
    `irrecoverable_vat_share` are added to the price; VAT that is recovered is no cost and belongs nowhere.
    A host of age a [month] sells for `price · residual_share^(a/residual_age_months)` (at `residual_age_months` exactly
    the share), or costs `price · |residual_share|` where the share is negative. `life_months` may be `inf`.
    """

    cause: str
    source: str
    hosts: PerMonth
    price: Value
    life_months: Value = 48.0
    residual_share: Value = 0.0
    residual_age_months: Value = 48.0
    install: Value = 0.0
    duty_share: Value = 0.0
    irrecoverable_vat_share: Value = 0.0
    maintenance_share_per_y: Value = 0.0
    decommission: Value = 0.0
    purchase_month: int = 0  # the first purchase falls at the start of this month (0: today)
    price_drift_per_y: Value = 0.0
    escalation_per_y: Value | None = None  # of maintenance, install, decommission; None: inflation
    financing: Financing = Financing.PURCHASE
    credit: Credit | None = None
    embodied_kgco2e: Value | None = None  # per host
    date: str = ""


@dataclass(frozen=True)
class Energy:
    """Electricity of the hosts in service.

    `utilisation_by_month` is the mean of each month as demand grows; `utilisation` then only shapes the week.
    `utilisation` and `tariff_per_kwh` are flat, or by hour of the week (168,) from Monday 00:00 (or (draws, 168)).
    `demand_charge_per_kw_month` is paid on the highest hour's power. `grid_g_per_kwh` and `wue_l_per_kwh` (litres per
    kWh of the machines) serve the carbon and water figures; the grid may also go by the hour of the week.
    """

    cause: str
    source: str
    hosts: PerMonth
    idle_w: Value
    peak_w: Value
    utilisation: Value
    tariff_per_kwh: Value
    pue: Value = 1.0
    demand_charge_per_kw_month: Value = 0.0
    escalation_per_y: Value | None = None
    grid_g_per_kwh: Value | None = None
    wue_l_per_kwh: Value | None = None
    tariff_factor: PerMonth = 1.0  # on the tariff of each month: price steps
    utilisation_by_month: PerMonth | None = None
    date: str = ""


@dataclass(frozen=True)
class Colocation:
    """Space in someone's hall: committed power [kW] at a price per kW and month, and hands by the hour."""

    cause: str
    source: str
    committed_kw: PerMonth
    price_per_kw_month: Value
    remote_hands_h_per_month: PerMonth = 0.0
    remote_hands_price_per_h: Value = 0.0
    escalation_per_y: Value | None = None
    date: str = ""


@dataclass(frozen=True)
class Rented:
    """Cloud instances by the hour. `committed_instances` are paid for whether used or not, at their own price.

    What runs beyond the commitment pays `price_per_h`. Prices stay as quoted unless `escalation_per_y` says otherwise.
    """

    cause: str
    source: str
    instances: PerMonth
    price_per_h: Value
    hours_per_month: Value = HOURS_PER_MONTH
    committed_instances: PerMonth = 0.0
    committed_price_per_h: Value = 0.0
    upfront: Value = 0.0
    escalation_per_y: Value = 0.0
    date: str = ""


@dataclass(frozen=True)
class ApiTokens:
    """Tokens bought from an API, prices per million tokens. `None` tokens: the case's demand, times `share`.

    `cached_share` of the input is billed at `cached_input_price_per_mtok`; `batch_share` of everything at
    `batch_price_factor` times the price.
    """

    cause: str
    source: str
    input_price_per_mtok: Value
    output_price_per_mtok: Value
    cached_input_price_per_mtok: Value | None = None
    cached_share: Value = 0.0
    batch_share: Value = 0.0
    batch_price_factor: Value = 0.5
    drift_per_y: Value = 0.0
    share: PerMonth = 1.0
    input_tokens: PerMonth | None = None
    output_tokens: PerMonth | None = None
    date: str = ""


@dataclass(frozen=True)
class Staff:
    """People: full-time equivalents at a loaded cost per year, never fewer than the on-call rota needs.

    `turnover_per_y` people leave each year, each costing `replacement_cost_share` of a year's cost to replace.
    """

    cause: str
    source: str
    fte: PerMonth
    cost_per_fte_y: Value
    on_call_floor_fte: Value = 0.0
    turnover_per_y: Value = 0.0
    replacement_cost_share: Value = 0.0
    escalation_per_y: Value | None = None
    date: str = ""


@dataclass(frozen=True)
class PerUnit:
    """So much a month for each unit: licences by device, links, seats."""

    cause: str
    source: str
    units: PerMonth
    price_per_unit_month: Value
    escalation_per_y: Value = 0.0
    date: str = ""


@dataclass(frozen=True)
class PerMtok:
    """So much per million tokens served, in and out alike: egress, metering, a gateway's fee."""

    cause: str
    source: str
    price_per_mtok: Value
    share: Value = 1.0
    drift_per_y: Value = 0.0
    date: str = ""


@dataclass(frozen=True)
class Fixed:
    """Amounts that no demand changes: at the start, every month, and at the end (training, audit, migration …)."""

    cause: str
    source: str
    upfront: Value = 0.0
    per_month: PerMonth = 0.0
    at_end: Value = 0.0
    escalation_per_y: Value | None = None
    date: str = ""


CostItem: TypeAlias = OwnedHosts | Energy | Colocation | Rented | ApiTokens | Staff | PerUnit | PerMtok | Fixed


@dataclass(frozen=True)
class CostCase:
    """One way of serving a demand. `nominal_discount_rate_per_y` is an effective yearly rate, compounded monthly.

    Raises CaseError when the horizon is no whole number of months ≥ 1, or a monthly row has another length.
    """

    name: str
    currency: str
    horizon_months: int
    nominal_discount_rate_per_y: Value
    demand: Demand
    items: tuple[CostItem, ...]
    inflation_per_y: Value = 0.0
    output_token_weight: Value = OUTPUT_TOKEN_WEIGHT
    carbon_price_per_t: Value = 0.0

    def __post_init__(self) -> None:
        if self.horizon_months < 1:
            raise CaseError(f"horizon_months is {self.horizon_months}; a horizon needs at least 1 month")
        for name in ("nominal_discount_rate_per_y", "inflation_per_y"):
            if np.any(np.asarray(getattr(self, name)) <= -1.0):
                raise CaseError(f"{name} is −100 % or less; it is a share per year, 0.08 for 8 %")
        for owner in (self.demand, *self.items):
            _check_shapes(owner, self.horizon_months)
        for item in self.items:
            _check_item(item)


HOURLY_FIELDS = frozenset({"utilisation", "tariff_per_kwh", "grid_g_per_kwh"})
MONTHLY_FIELDS = frozenset(
    {
        "hosts",
        "committed_kw",
        "remote_hands_h_per_month",
        "instances",
        "committed_instances",
        "share",
        "input_tokens",
        "output_tokens",
        "fte",
        "units",
        "per_month",
        "requests",
        "users",
        "capacity_tokens",
        "tariff_factor",
        "utilisation_by_month",
    }
)


def _check_shapes(owner: Demand | CostItem, horizon_months: int) -> None:
    for name, value in vars(owner).items():
        if not isinstance(value, np.ndarray):
            if isinstance(value, float) and np.isnan(value):
                raise CaseError(f"{type(owner).__name__}.{name} is not a number")
            continue
        if np.isnan(value).any():
            raise CaseError(f"{type(owner).__name__}.{name} holds a value that is not a number")
        width = HOURS_PER_WEEK if name in HOURLY_FIELDS else horizon_months if name in MONTHLY_FIELDS else 1
        if value.ndim not in (1, 2) or value.shape[-1] not in (1, width):
            raise CaseError(
                f"{type(owner).__name__}.{name} has shape {value.shape}; it must end in 1 (draws, 1)"
                + (f" or in {width}" if width > 1 else "")
            )


def _check_item(item: CostItem) -> None:
    if isinstance(item, OwnedHosts):
        if (item.financing is Financing.PURCHASE) == (item.credit is not None):
            raise CaseError(f"{item.cause}: a loan or a lease needs its credit terms, and a purchase has none")
        if item.credit is not None and item.credit.term_months < 1:
            raise CaseError(f"{item.cause}: the term of a loan or lease is at least 1 month")
        if np.any(np.asarray(item.life_months) < 1.0):
            raise CaseError(f"{item.cause}: life_months must be at least 1 (inf: never replaced)")
        if item.purchase_month < 0:
            raise CaseError(f"{item.cause}: purchase_month must be 0 (today) or later")
    if isinstance(item, Energy):
        for utilisation in (item.utilisation, item.utilisation_by_month):
            if utilisation is not None and np.any((np.asarray(utilisation) < 0.0) | (np.asarray(utilisation) > 1.0)):
                raise CaseError(f"{item.cause}: utilisation is a share between 0 and 1")
        if np.any(np.asarray(item.peak_w) < np.asarray(item.idle_w)):
            raise CaseError(f"{item.cause}: peak_w is below idle_w")
