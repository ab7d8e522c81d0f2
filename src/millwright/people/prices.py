"""What each way to have people costs: a salary, a hire, a contract, a seat on a rota, a skill kept up."""

from __future__ import annotations

from millwright.people.demand import Demand, Rota
from millwright.people.figures import figures
from millwright.people.ways import External, Market, Role


def salary_per_month(role: Role, market: Market) -> float:
    """Return what somebody of `role` costs a month, with what replacing those who leave costs on average [currency]."""
    known = figures()
    return market.year_cost * role.pay / 12.0 * (1.0 + known["turnover"] * known["replacement_share"])


def recruiting_cost(role: Role, market: Market) -> float:
    """Return what finding somebody of `role` costs [currency]."""
    return figures()["recruiting_share"] * market.year_cost * role.pay


def retainer_per_month(external: External, demand: Demand, market: Market) -> float:
    """Return what one unit of a contract or service costs a month besides its work [currency]."""
    return external.retainer(demand.traits.hosts) * external.rate * market.hour_cost


def setup_cost(external: External, market: Market) -> float:
    """Return what it costs once to set up one unit of a contract or service [currency]."""
    return external.setup_hours * external.rate * market.hour_cost


def standby_per_seat(rota: Rota, market: Market) -> float:
    """Return what one own seat on `rota` costs a month in standby pay [currency]."""
    return rota.standby_hours_per_month * figures()["standby_pay_share"] * market.hour_cost / rota.people


def upkeep_factor(service_months: int) -> float:
    """Return training over the whole service as a multiple of training once [-]: who leaves takes the skill along."""
    return 1.0 + figures()["turnover"] * service_months / 12.0
