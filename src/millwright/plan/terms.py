"""The terms of an option: what the scenario and the catalogue say that machines, tokens and people cost.

Amounts come out in the plan's currency. What the scenario states goes before what the catalogue knows.
"""

from __future__ import annotations

from dataclasses import dataclass

from millwright.catalog.catalog import Catalog
from millwright.catalog.facts import Fact
from millwright.catalog.host import Host
from millwright.catalog.offer import ApiOffer, CloudOffer
from millwright.catalog.overrides import SCENARIO
from millwright.finance.defaults import defaults
from millwright.money import Money, Price
from millwright.plan.costing import ApiTerms, Currency, OwnedTerms, RentedTerms, StaffTerms
from millwright.plan.model import Kind
from millwright.scenario.model import ColoSite, Commitment, OnCall, OwnedSite, Scenario

WORLD_PUE = 1.54
"""Weighted average of the Uptime Institute's survey of 2025, for countries without a figure of their own."""

WORLD_ELECTRICITY_USD_PER_KWH = 0.15
"""Used where neither scenario nor catalogue has a price; an assumption (Pan et al., arXiv 2509.18101, use the same)."""

ROTA_SHARE = {OnCall.NONE: 0.0, OnCall.BUSINESS_HOURS: 0.0, OnCall.ALWAYS: 0.2}
"""Share of each rota member's time that on-call duty takes; an assumption: one week in five, quiet nights."""

ROTA_PEOPLE = 5
"""Least people on a rota around the clock."""


@dataclass(frozen=True)
class Pricing:
    """Where prices are looked up, and the currency they come out in."""

    scenario: Scenario
    catalog: Catalog
    currency: Currency

    def money(self, amount: Money | Price) -> float:
        """Return an amount the user stated, in the plan's currency."""
        return amount.amount * self.catalog.usd_per(amount.currency) * self.currency.per_usd

    def usd(self, amount_usd: float) -> float:
        """Return an amount in USD in the plan's currency."""
        return amount_usd * self.currency.per_usd

    def owned(self, host: Host, site: OwnedSite | ColoSite, hosts: int = 1) -> OwnedTerms:
        """Return what one `host` costs at `site`, to buy, to power and to house; or `hosts` of them as one machine."""
        country = self.catalog.country(site.country)
        tariff, tariff_source = self.electricity(site)
        price = host.facts.get("price")
        quoted = price is not None and price.source == SCENARIO  # the catalogue's range is not that of a quotation
        colo = isinstance(site, ColoSite)
        one_usd = self.usd(self.scenario.finance.host_price_factor) * hosts
        there = sum(each.count for each in site.existing if self.catalog.host(each.host).id == host.id)
        return OwnedTerms(
            price=host.price_usd * one_usd,
            price_low=(host.price_usd if quoted else min(host.price_low_usd, host.price_usd)) * one_usd,
            price_high=(host.price_usd if quoted else max(host.price_high_usd, host.price_usd)) * one_usd,
            idle_w=min(host.power_idle_w, host.power_peak_w) * hosts,
            peak_w=host.power_peak_w * hosts,
            pue=self.pue(site),
            tariff_per_kwh=tariff,
            carbon_g_per_kwh=country.carbon_g_per_kwh,
            price_source=_source_of(price, f"catalogue: hosts {host.id}"),
            tariff_source=f"{site.name}: the scenario" if colo else tariff_source,
            date=price.date if price is not None else "",
            existing=there // hosts,
            colo_price_per_kw_month=self.money(site.price_per_kw_month) if isinstance(site, ColoSite) else None,
            colo_includes_energy=colo,
        )

    def electricity(self, site: OwnedSite | ColoSite) -> tuple[float, str]:
        """Return the price of electricity [currency/kWh] at `site` and who says so."""
        stated = site.electricity if isinstance(site, OwnedSite) and site.electricity else None
        stated = stated or self.scenario.finance.electricity
        if stated is not None:
            return self.money(stated), "the scenario"
        country = self.catalog.country(site.country)
        if country.electricity_usd_per_kwh is not None:
            return self.usd(country.electricity_usd_per_kwh), f"catalogue: countries {country.id}"
        return self.usd(WORLD_ELECTRICITY_USD_PER_KWH), "assumed: no figure for the country"

    def pue(self, site: OwnedSite | ColoSite) -> float:
        """Return the power usage effectiveness at `site` [-]."""
        if isinstance(site, OwnedSite) and site.pue is not None:
            return site.pue
        return self.catalog.country(site.country).pue or WORLD_PUE

    def rented(self, offer: CloudOffer, commitment: Commitment, hosts: int = 1) -> RentedTerms | None:
        """Return what `offer` costs under `commitment`, `hosts` of them as one machine; None: no price is known."""
        price, fact = {
            Commitment.ON_DEMAND: (offer.on_demand_usd_per_h, "on_demand_price"),
            Commitment.RESERVED_1Y: (offer.reserved_1y_usd_per_h, "reserved_1y_price"),
            Commitment.RESERVED_3Y: (offer.reserved_3y_usd_per_h, "reserved_3y_price"),
            Commitment.SPOT: (offer.spot_usd_per_h, "spot_price"),
        }[commitment]
        if price is None:
            return None
        switched = commitment in (Commitment.ON_DEMAND, Commitment.SPOT)
        source = _source_of(offer.facts.get(fact), f"catalogue: cloud {offer.id}")
        price_per_h = self.usd(price * self.scenario.finance.cloud_price_factor) * hosts
        return RentedTerms(offer.provider_id, price_per_h, switched, source, offer.as_of)

    def api(self, offer: ApiOffer, batch: bool) -> ApiTerms:
        """Return what `offer` bills per token; batch work at the batch price where there is one."""
        factor = None
        if batch and offer.batch_output_usd_per_mtok is not None and offer.output_usd_per_mtok > 0.0:
            factor = offer.batch_output_usd_per_mtok / offer.output_usd_per_mtok
        one_usd = self.usd(self.scenario.finance.api_price_factor)
        return ApiTerms(
            provider_id=offer.provider_id,
            input_price_per_mtok=offer.input_usd_per_mtok * one_usd,
            output_price_per_mtok=offer.output_usd_per_mtok * one_usd,
            source=_source_of(offer.facts.get("output_price"), f"catalogue: api {offer.id}"),
            date=offer.as_of,
            batch_price_factor=factor,
        )

    def fte_cost(self, country_code: str) -> tuple[float, str]:
        """Return what one full-time engineer costs a year [currency], and who says so."""
        stated = self.scenario.finance.staff.fte_cost
        if stated is not None:
            return self.money(stated), "the scenario"
        shipped = defaults()
        salary, overhead = shipped["salary_us_per_y"].median, shipped["employer_cost_factor"].median
        factor = self.catalog.country(country_code).wage_factor or 1.0
        reckoning = f"US pay (BLS) {salary:,.0f} USD × employer's cost {overhead:.2f} × wage factor {factor:.2f}"
        return self.usd(salary * overhead * factor), f"{reckoning} of {country_code}"

    def staff(self, kinds: frozenset[Kind]) -> StaffTerms:
        """Return the people that options of these `kinds` take together."""
        terms = self.scenario.finance.staff
        share = {
            Kind.OWNED: terms.fte_owned,
            Kind.COLO: terms.fte_owned,
            Kind.CLOUD: terms.fte_cloud,
            Kind.API: terms.fte_api,
        }
        fte = max((share[kind] for kind in kinds), default=0.0)
        machines = kinds & {Kind.OWNED, Kind.COLO, Kind.CLOUD}
        floor = ROTA_PEOPLE * ROTA_SHARE[terms.on_call] if machines else 0.0
        cost, source = self.fte_cost(self.scenario.organisation.country)
        return StaffTerms(fte, floor, cost, source)


def _source_of(fact: Fact | None, otherwise: str) -> str:
    return fact.source if fact is not None else otherwise
