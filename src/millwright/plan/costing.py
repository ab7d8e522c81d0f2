"""From machines to money: the cost case of one way to serve a demand, as `finance` takes it.

Every uncertain input comes from an `Inputs`: plain medians for the central case, columns of draws for the odds. All
options get the same draws, so that two of them differ by what sets them apart and by nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from millwright.finance.case import (
    ApiTokens,
    Cause,
    Colocation,
    CostCase,
    CostItem,
    Demand,
    Energy,
    Fixed,
    OwnedHosts,
    PerUnit,
    Rented,
    Staff,
)
from millwright.finance.discounting import Value
from millwright.fleet.sizing import DemandProfile, MachineSchedule, machines_needed, schedule_machines
from millwright.people.plan import PeoplePlan
from millwright.people.traits import OptionTraits
from millwright.spans import SECONDS_PER_MONTH


@dataclass(frozen=True)
class Inputs:
    """The uncertain inputs that all options share: each a float, or a column (draws, 1).

    `demand`, `electricity`, `wages`, `rent` are factors on the central figure; `price_position` is 0 at an owned host's
    low price, 0.5 at its central one, 1 at its high one; `capacity_z` are standard normal deviates by device id;
    `provider_price` are factors on all prices of one provider, by its id.

    `planned_demand` is the multiple of the stated demand that is known when machines are bought; `demand` is what turns
    out, as a factor on it. Nobody buys with foresight: the first purchase is the one for the planned demand and the
    predicted capacity, and only later ones follow what turned out.
    """

    demand: Value
    electricity: Value
    wages: Value
    rent: Value
    price_position: Value
    hardware_life_months: Value
    residual_share: Value
    residual_age_months: Value
    maintenance_share_per_y: Value
    cloud_price_drift_per_y: Value
    api_price_drift_per_y: Value
    discount_rate_per_y: float
    inflation_per_y: float
    capacity_z: Mapping[str, Value]
    provider_price: Mapping[str, Value]
    planned_demand: Value = 1.0

    def demand_multiple(self, demand_factor: float = 1.0) -> Value:
        """Return the demand that turns out, over the stated demand."""
        return _value(np.asarray(self.demand) * self.planned_demand * demand_factor)


@dataclass(frozen=True)
class Currency:
    """The plan's currency and what one US dollar costs in it."""

    code: str
    per_usd: float


@dataclass(frozen=True)
class TokenDemand:
    """What is asked for: requests over time and the mean tokens of one request."""

    profile: DemandProfile
    input_tokens_per_request: float
    output_tokens_per_request: float

    @property
    def months(self) -> int:
        """Length of the horizon [month]."""
        return int(self.profile.mean_rate_per_s.shape[-1])

    def scaled(self, factor: Value) -> TokenDemand:
        """Return the same requests, `factor` times as many."""
        return TokenDemand(self.profile.scaled(factor), self.input_tokens_per_request, self.output_tokens_per_request)

    def from_month(self, month: int) -> TokenDemand:
        """Return the same requests, with none before `month`."""
        if not month:
            return self
        rates = self.profile.mean_rate_per_s.copy()
        rates[..., :month] = 0.0
        return replace(self, profile=replace(self.profile, mean_rate_per_s=rates))

    def as_case_demand(self) -> Demand:
        """Return the tokens and requests of each month."""
        requests = self.profile.mean_rate_per_s * SECONDS_PER_MONTH
        return Demand(
            input_tokens=requests * self.input_tokens_per_request,
            output_tokens=requests * self.output_tokens_per_request,
            requests=requests,
        )


@dataclass(frozen=True)
class StaffTerms:
    """People an option needs: full-time equivalents, the on-call floor, and what one costs a year [currency]."""

    fte: float
    on_call_floor_fte: float
    cost_per_fte_y: float
    source: str


@dataclass(frozen=True)
class CrewTerms:
    """What a plan of people costs: `costs` by cause and month, from now on [currency of today]; `fte` while it serves.

    `plan` is the plan itself, and `traits` what it was made for.
    """

    costs: Mapping[str, tuple[float, ...]]
    fte: float
    cost_per_fte_y: float
    source: str
    plan: PeoplePlan
    traits: OptionTraits


@dataclass(frozen=True)
class OwnedTerms:
    """What one owned machine costs, in the plan's currency; colocation when `colo_price_per_kw_month` is given.

    `existing` machines are there already and are not bought.
    """

    price: float
    price_low: float
    price_high: float
    idle_w: float
    peak_w: float
    pue: float
    tariff_per_kwh: float
    carbon_g_per_kwh: float | None
    price_source: str
    tariff_source: str
    date: str = ""
    existing: int = 0
    colo_price_per_kw_month: float | None = None
    colo_includes_energy: bool = False


@dataclass(frozen=True)
class RentedTerms:
    """What one rented machine costs an hour [currency]; `switched`: paid by the hour it is needed."""

    provider_id: str
    price_per_h: float
    switched: bool
    source: str
    date: str = ""


@dataclass(frozen=True)
class ApiTerms:
    """What an API bills per million tokens [currency]."""

    provider_id: str
    input_price_per_mtok: float
    output_price_per_mtok: float
    source: str
    date: str = ""
    batch_price_factor: float | None = None


@dataclass(frozen=True)
class Capacity:
    """Requests per second that one machine serves within the SLO: the central value and its log spread.

    `log_sigma_below` is the spread below the centre, where it is another one. `sure_per_s` is what it serves at the
    confidence that machines are counted at; not given: the central value.
    """

    device_id: str
    per_machine_per_s: float
    log_sigma: float
    log_sigma_below: float | None = None
    sure_per_s: float | None = None

    @property
    def planned_per_s(self) -> float:
        """What machines are counted by [1/s]."""
        return self.per_machine_per_s if self.sure_per_s is None else self.sure_per_s

    def drawn(self, inputs: Inputs) -> Value:
        """Return the true capacity under `inputs`: the central value at z = 0."""
        deviate = np.asarray(inputs.capacity_z.get(self.device_id, 0.0))
        below = self.log_sigma if self.log_sigma_below is None else self.log_sigma_below
        spread = np.where(deviate < 0.0, below, self.log_sigma)
        return _value(self.per_machine_per_s * np.exp(deviate * spread))

    def counted_by(self, inputs: Inputs) -> Value:
        """Return the capacity that machines are counted by under `inputs`.

        The planned one; where the truth turns out worse, that: machines are added then. Where it turns out better, the
        caution is kept.
        """
        return _value(np.minimum(self.drawn(inputs), self.planned_per_s))


def owned_items(terms: OwnedTerms, machines: MachineSchedule, inputs: Inputs) -> list[CostItem]:
    """Return the items of machines of one's own: hardware and support, energy, space."""
    position = np.asarray(inputs.price_position)
    price = np.where(
        position < 0.5,
        terms.price_low + (terms.price - terms.price_low) * position * 2.0,
        terms.price + (terms.price_high - terms.price) * (position * 2.0 - 1.0),
    )
    bought = np.maximum(machines.installed - terms.existing, 0.0)
    items: list[CostItem] = [
        OwnedHosts(
            cause=Cause.HARDWARE,
            source=terms.price_source,
            hosts=bought,
            price=_value(price),
            life_months=inputs.hardware_life_months,
            residual_share=inputs.residual_share,
            residual_age_months=inputs.residual_age_months,
            maintenance_share_per_y=inputs.maintenance_share_per_y,
            price_drift_per_y=0.0,
            date=terms.date,
        )
    ]
    if terms.existing and np.any(np.asarray(inputs.maintenance_share_per_y) != 0.0):
        items.append(  # what is there already is paid for, but not its support
            PerUnit(
                cause=Cause.SUPPORT,
                source=terms.price_source,
                units=machines.installed - bought,
                price_per_unit_month=_value(price * inputs.maintenance_share_per_y / 12.0),
                escalation_per_y=inputs.inflation_per_y,
            )
        )
    if not terms.colo_includes_energy:
        items.append(
            Energy(
                cause=Cause.ENERGY,
                source=terms.tariff_source,
                hosts=machines.installed,
                idle_w=terms.idle_w,
                peak_w=terms.peak_w,
                utilisation=machines.utilisation,
                tariff_per_kwh=terms.tariff_per_kwh * inputs.electricity,
                pue=terms.pue,
                grid_g_per_kwh=terms.carbon_g_per_kwh,
            )
        )
    if terms.colo_price_per_kw_month is not None:
        items.append(
            Colocation(
                cause=Cause.FACILITY,
                source=terms.tariff_source,
                committed_kw=machines.installed * terms.peak_w / 1000.0,
                price_per_kw_month=terms.colo_price_per_kw_month * inputs.rent,
            )
        )
    return items


def rented_items(terms: RentedTerms, machines: MachineSchedule, inputs: Inputs) -> list[CostItem]:
    """Return the item of machines that are rented by the hour."""
    return [
        Rented(
            cause=Cause.RENT,
            source=terms.source,
            instances=machines.switched if terms.switched else machines.rented,
            price_per_h=terms.price_per_h * inputs.rent * inputs.provider_price.get(terms.provider_id, 1.0),
            escalation_per_y=inputs.cloud_price_drift_per_y,
            date=terms.date,
        )
    ]


def api_items(terms: ApiTerms, inputs: Inputs) -> list[CostItem]:
    """Return the item of tokens bought from an API."""
    batch = terms.batch_price_factor
    factor = inputs.provider_price.get(terms.provider_id, 1.0)
    return [
        ApiTokens(
            cause=Cause.API,
            source=terms.source,
            input_price_per_mtok=terms.input_price_per_mtok * factor,
            output_price_per_mtok=terms.output_price_per_mtok * factor,
            batch_share=0.0 if batch is None else 1.0,
            batch_price_factor=1.0 if batch is None else batch,
            drift_per_y=inputs.api_price_drift_per_y,
            date=terms.date,
        )
    ]


def staff_items(terms: StaffTerms | CrewTerms, inputs: Inputs) -> list[CostItem]:
    """Return the item of the people it takes, or those of each cause of a plan of people."""
    if isinstance(terms, CrewTerms):
        return [
            Fixed(cause=cause, source=terms.source, per_month=np.asarray(months) * np.asarray(inputs.wages))
            for cause, months in terms.costs.items()
        ]
    if terms.fte <= 0.0 and terms.on_call_floor_fte <= 0.0:
        return []
    return [
        Staff(
            cause=Cause.STAFF,
            source=terms.source,
            fte=terms.fte,
            cost_per_fte_y=terms.cost_per_fte_y * inputs.wages,
            on_call_floor_fte=terms.on_call_floor_fte,
        )
    ]


@dataclass(frozen=True)
class ServingPart:
    """One workload served in one way: its demand, its machines' capacity (None for an API) and the terms.

    Before `go_live_month` nothing is served, and no machine is there.
    """

    demand: TokenDemand
    terms: OwnedTerms | RentedTerms | ApiTerms
    capacity: Capacity | None
    spares: int
    go_live_month: int = 0

    @property
    def served(self) -> TokenDemand:
        """What is served of the demand: nothing before going live."""
        return self.demand.from_month(self.go_live_month)

    def case_demand(self, factor: Value) -> Demand:
        """Return the tokens and requests of each month that this part serves, at `factor` times the stated demand."""
        return self.served.scaled(factor).as_case_demand()

    def planned_rate_per_s(self, months: int) -> float:
        """Return the highest rate of requests within the first `months` [1/s]."""
        return float(self.demand.profile.peak_rate_per_s[:months].max())

    def schedule(self, inputs: Inputs, demand_factor: float = 1.0) -> MachineSchedule | None:
        """Return the machines over the horizon under `inputs`, None for an API."""
        if self.capacity is None:
            return None
        served = self.demand.profile.after(self.go_live_month)
        return self._machines(served, self.capacity, inputs, demand_factor).preceded_by(self.go_live_month)

    def _machines(
        self, profile: DemandProfile, capacity: Capacity, inputs: Inputs, demand_factor: float
    ) -> MachineSchedule:
        turned_out = profile.scaled(inputs.demand_multiple(demand_factor))
        counted_by, true = capacity.counted_by(inputs), capacity.drawn(inputs)
        if not isinstance(self.terms, OwnedTerms):
            switched = isinstance(self.terms, RentedTerms) and self.terms.switched
            return schedule_machines(
                turned_out, counted_by, spares=self.spares, by_hour=switched, true_capacity_per_s=true
            )
        planned = profile.scaled(_value(np.asarray(inputs.planned_demand) * demand_factor))
        first = schedule_machines(planned, capacity.planned_per_s, spares=self.spares, by_hour=False).installed[..., :1]
        return schedule_machines(
            turned_out,
            counted_by,
            spares=self.spares,
            at_least=first,
            by_hour=False,
            true_capacity_per_s=true,
        )

    def needed_by_hour(self, inputs: Inputs) -> NDArray[np.float64]:
        """Return the machines that the demand takes in each month and hour of the week (months, 168)."""
        if self.capacity is None:
            return np.zeros((self.demand.months, len(self.demand.profile.hourly)))
        profile = self.served.profile
        return machines_needed(np.multiply.outer(profile.mean_rate_per_s, profile.hourly), self.capacity.planned_per_s)

    def items(self, inputs: Inputs, demand_factor: float = 1.0) -> list[CostItem]:
        """Return what this part costs under `inputs`."""
        machines = self.schedule(inputs, demand_factor)
        if isinstance(self.terms, ApiTerms):
            return api_items(self.terms, inputs)
        assert machines is not None, "machines that are bought or rented have a capacity"
        if isinstance(self.terms, OwnedTerms):
            return owned_items(self.terms, machines, inputs)
        return rented_items(self.terms, machines, inputs)


def cost_case(
    name: str,
    currency: Currency,
    parts: tuple[ServingPart, ...],
    staff: StaffTerms | CrewTerms,
    inputs: Inputs,
    demand_factor: float = 1.0,
) -> CostCase:
    """Return the cost case of serving all `parts`, at `demand_factor` times the demand that the scenario states.

    API tokens of several parts are priced on each part's own tokens.
    """
    factor = inputs.demand_multiple(demand_factor)
    demands = [part.case_demand(factor) for part in parts]
    items: list[CostItem] = []
    for part, demand in zip(parts, demands, strict=True):
        for item in part.items(inputs, demand_factor):
            if isinstance(item, ApiTokens):
                item = _with_tokens(item, demand)
            items.append(item)
    items += staff_items(staff, inputs)
    return CostCase(
        name=name,
        currency=currency.code,
        horizon_months=parts[0].demand.months,
        nominal_discount_rate_per_y=inputs.discount_rate_per_y,
        inflation_per_y=inputs.inflation_per_y,
        demand=Demand(
            input_tokens=_total([demand.input_tokens for demand in demands]),
            output_tokens=_total([demand.output_tokens for demand in demands]),
            requests=_total([demand.requests for demand in demands]),
        ),
        items=tuple(items),
    )


def _with_tokens(item: ApiTokens, demand: Demand) -> ApiTokens:
    return replace(item, input_tokens=demand.input_tokens, output_tokens=demand.output_tokens)


def _total(values: list[float | NDArray[np.float64]]) -> float | NDArray[np.float64]:
    total: float | NDArray[np.float64] = values[0]
    for value in values[1:]:
        total = total + value
    return total


def _value(array: NDArray[np.float64]) -> Value:
    return float(array) if array.ndim == 0 else array
