"""How offers, providers and countries are read from their data files: each fact turned into its base unit."""

from __future__ import annotations

from millwright.catalog.facts import Fact, FactError, number, read_facts
from millwright.catalog.load import Entry
from millwright.catalog.offer import ApiOffer, CloudOffer, Provider
from millwright.catalog.place import Country
from millwright.catalog.units import Measure

CLOUD_FACTS = {
    "on_demand_price": Measure.MONEY_PER_HOUR,
    "reserved_1y_price": Measure.MONEY_PER_HOUR,
    "reserved_3y_price": Measure.MONEY_PER_HOUR,
    "spot_price": Measure.MONEY_PER_HOUR,
    "country": Measure.TEXT,
}
"""The facts that a cloud offer may have, and what each measures."""

API_FACTS = {
    "input_price": Measure.MONEY_PER_MTOK,
    "output_price": Measure.MONEY_PER_MTOK,
    "cached_input_price": Measure.MONEY_PER_MTOK,
    "batch_input_price": Measure.MONEY_PER_MTOK,
    "batch_output_price": Measure.MONEY_PER_MTOK,
    "context": Measure.TOKENS,
    "place": Measure.TEXT,
}
"""The facts that an API offer may have, and what each measures."""

PROVIDER_FACTS = {
    "hq_country": Measure.TEXT,
    "controlling_jurisdiction": Measure.TEXT,
    "us_cloud_act_exposure": Measure.TEXT,
    "certifications": Measure.TEXT,
    "certificates_claimed": Measure.TEXT,
}
"""The facts that a provider may have."""

COUNTRY_FACTS = {
    "electricity_price": Measure.MONEY_PER_ENERGY,
    "carbon_intensity": Measure.CARBON_PER_ENERGY,
    "pue": Measure.RATIO,
    "cloud_region_pue": Measure.RATIO,
    "wage_factor": Measure.RATIO,
    "gdpr_adequacy": Measure.TEXT,
}
"""The facts that a country may have, and what each measures."""

CLOUD_ACT_ANSWERS = ("yes", "no", "unknown")
"""What may be said of a provider's exposure to the United States CLOUD Act."""


def provider_from_entry(entry: Entry) -> Provider:
    """Return the provider of a data-file entry; raises FactError when a required field is missing or malformed."""
    exposure = _text(entry, "us_cloud_act_exposure")
    if exposure not in CLOUD_ACT_ANSWERS:
        raise FactError(f"us_cloud_act_exposure is {exposure!r}", entry["id"], "Say yes, no or unknown.")
    return Provider(
        id=entry["id"],
        name=entry.get("name", entry["id"]),
        hq_country=_text(entry, "hq_country"),
        controlling_jurisdiction=_text(entry, "controlling_jurisdiction"),
        us_cloud_act_exposure=exposure,
        certifications=tuple(entry.get("certifications", ())),
        facts=read_facts(entry),
    )


def cloud_offer_from_entry(entry: Entry) -> CloudOffer:
    """Return the cloud offer of a data-file entry, prices in USD per hour.

    Raises FactError for a missing field or an offer without any price, UnitError for a price in another unit.
    """
    facts = read_facts(entry)
    prices = {name: number(facts, name, measure) for name, measure in CLOUD_FACTS.items() if measure != Measure.TEXT}
    if not any(prices.values()):
        raise FactError("the offer has no price", entry["id"])
    return CloudOffer(
        id=entry["id"],
        provider_id=_text(entry, "provider"),
        instance_type=_text(entry, "instance_type"),
        region=_text(entry, "region"),
        country=_text(entry, "country"),
        device_id=_text(entry, "device"),
        device_count=int(entry["device_count"]),
        on_demand_usd_per_h=prices["on_demand_price"],
        reserved_1y_usd_per_h=prices["reserved_1y_price"],
        reserved_3y_usd_per_h=prices["reserved_3y_price"],
        spot_usd_per_h=prices["spot_price"],
        as_of=_oldest_price_date(facts),
        facts=facts,
    )


def api_offer_from_entry(entry: Entry) -> ApiOffer:
    """Return the API offer of a data-file entry, prices in USD per million tokens.

    Raises FactError when the input or output price is missing, UnitError for a price in another unit.
    """
    facts = read_facts(entry)
    values = {name: number(facts, name, measure) for name, measure in API_FACTS.items() if measure != Measure.TEXT}
    into, out, context = values["input_price"], values["output_price"], values["context"]
    if into is None or out is None:
        raise FactError("the offer needs an input_price and an output_price", entry["id"])
    return ApiOffer(
        id=entry["id"],
        provider_id=_text(entry, "provider"),
        model_name=_text(entry, "model_name"),
        model_id=entry.get("model"),
        input_usd_per_mtok=into,
        output_usd_per_mtok=out,
        cached_input_usd_per_mtok=values["cached_input_price"],
        batch_input_usd_per_mtok=values["batch_input_price"],
        batch_output_usd_per_mtok=values["batch_output_price"],
        context_tokens=None if context is None else int(context),
        country=entry.get("country"),
        as_of=_oldest_price_date(facts),
        area=entry.get("area"),
        facts=facts,
    )


def country_from_entry(entry: Entry) -> Country:
    """Return the country of a data-file entry: electricity in USD/kWh, carbon in g/kWh; raises FactError, UnitError."""
    facts = read_facts(entry)
    return Country(
        id=entry["id"],
        iso3=_text(entry, "iso3"),
        name=_text(entry, "name"),
        currency=_text(entry, "currency"),
        electricity_usd_per_kwh=number(facts, "electricity_price", Measure.MONEY_PER_ENERGY),
        carbon_g_per_kwh=number(facts, "carbon_intensity", Measure.CARBON_PER_ENERGY),
        pue=number(facts, "pue", Measure.RATIO),
        wage_factor=number(facts, "wage_factor", Measure.RATIO),
        legal_areas=tuple(entry.get("legal_areas", ())),
        facts=facts,
    )


def _text(entry: Entry, field: str) -> str:
    value = entry.get(field)
    if not isinstance(value, str) or not value:
        raise FactError(f"`{field}` is missing or no text", str(entry.get("id", "?")))
    return value


def _oldest_price_date(facts: dict[str, Fact]) -> str:
    """An offer is as old as the oldest of its list prices; a spot price is only an indication."""
    return min(
        (fact.date for name, fact in facts.items() if name.endswith("price") and name != "spot_price"), default=""
    )
