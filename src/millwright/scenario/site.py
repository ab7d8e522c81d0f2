"""Where it may run: sites of four kinds, each with its limits."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from millwright.money import Price, PriceUnit
from millwright.quantity import Dimension
from millwright.scenario.fields import (
    Amount,
    Countries,
    CountryCode,
    FactValue,
    Name,
    Names,
    Power,
    PricePerKwh,
    PricePerKwMonth,
    ScenarioModel,
    Unit,
    why,
)


class SiteKind(StrEnum):
    """What sort of place it is."""

    OWNED = "owned"
    COLO = "colo"
    CLOUD = "cloud"
    API = "api"


class Commitment(StrEnum):
    """How cloud instances are paid for."""

    ON_DEMAND = "on-demand"
    RESERVED_1Y = "reserved-1y"
    RESERVED_3Y = "reserved-3y"
    SPOT = "spot"


class ExistingHosts(ScenarioModel):
    """Hosts that are already there and paid for."""

    host: str
    """A host of the catalogue."""
    count: int = Field(ge=1, le=100_000)
    """How many."""


def _kind_is_required(schema: dict[str, Any]) -> None:
    """Ask for `kind` in the schema: in a file it must be said, although Python code may leave it out."""
    schema["required"] = [*schema["required"], "kind"]


class _Site(ScenarioModel):
    model_config = ConfigDict(json_schema_extra=_kind_is_required)

    name: Name
    """Your name for it."""
    facts: dict[str, FactValue] = Field(default_factory=dict)
    """Facts about this site that rules may ask for, such as `iso_27001: true`."""


class _Machines(_Site):
    """What owned rooms and colocation share: our own hosts stand there."""

    country: CountryCode = Field("", json_schema_extra=why("the organisation's country"))
    """Country the machines stand in."""
    power_w: Power | None = Field(None, alias="power", json_schema_extra=why("no limit on power was given"))
    """Power available to IT equipment."""
    rack_units: float | None = Field(None, gt=0, le=1e6, json_schema_extra=why("no limit on space was given"))
    """Rack units free."""
    budget: Amount | None = Field(None, json_schema_extra=why("no limit on purchase was given"))
    """Most that may be spent on buying hosts."""
    devices: Names | None = Field(None, json_schema_extra=why("every device of the catalogue"))
    """Devices that may be used here."""
    air_gap: bool = Field(False, json_schema_extra=why("assumed: connected"))
    """Whether nothing may leave over a network."""
    hosts: Names | None = Field(None, json_schema_extra=why("every host of the catalogue"))
    """Hosts that may be bought for this site."""
    existing: tuple[ExistingHosts, ...] = ()
    """Hosts that are already there."""


class OwnedSite(_Machines):
    """A room of one's own."""

    kind: Literal["owned"] = "owned"
    electricity: PricePerKwh | None = Field(None, json_schema_extra=why("that of `finance`, or the country's"))
    """Price of electricity."""
    pue: Annotated[float, Unit(Dimension.COUNT, "", ("1.4",), at_least=1.0, at_most=5.0)] | None = Field(
        None, json_schema_extra=why("the country's average")
    )
    """Power usage effectiveness: power of the whole room over power of the IT equipment."""


DEFAULT_COLO_PRICE = Price(200.0, "USD", PriceUnit.KW_MONTH)


class ColoSite(_Machines):
    """Rented space in somebody else's data centre; the price per kW includes electricity and cooling."""

    kind: Literal["colo"] = "colo"
    price_per_kw_month: PricePerKwMonth = Field(
        DEFAULT_COLO_PRICE,
        json_schema_extra=why("assumed, quality C: ask for a quotation"),
    )
    """Price of committed power, with electricity and cooling."""
    operator: str | None = None
    """Who runs it: a provider of the catalogue, whose certificates then count for the building."""


class CloudSite(_Site):
    """Instances rented by the hour."""

    kind: Literal["cloud"] = "cloud"
    providers: Names | None = Field(None, json_schema_extra=why("every provider of the catalogue"))
    """Providers that may be used."""
    devices: Names | None = Field(None, json_schema_extra=why("every device of the catalogue"))
    """Devices that may be used here."""
    countries: Countries | None = Field(None, json_schema_extra=why("every country"))
    """Countries (or areas) that the region must be in."""
    regions: Names | None = None
    """Regions that may be used, by the provider's name for them."""
    instances: Names | None = None
    """Instance types that may be used, by the provider's name for them."""
    commitment: Commitment = Field(
        Commitment.ON_DEMAND,
        json_schema_extra=why("no promise to the provider"),
    )
    """How instances are paid for."""


class ApiSite(_Site):
    """Tokens bought from an API."""

    kind: Literal["api"] = "api"
    providers: Names | None = Field(None, json_schema_extra=why("every provider of the catalogue"))
    """Providers that may be used."""
    countries: Countries | None = Field(None, json_schema_extra=why("every country"))
    """Countries (or areas) that it must be served from."""
    allow_unknown_location: bool = Field(
        False, json_schema_extra=why("if `countries` is given, a provider must say where it serves from")
    )
    """Whether a provider that does not say where it serves from may be used although `countries` is given."""
    openai_compatible: bool | None = Field(
        None, json_schema_extra=why("not known: it bears on what leaving takes; ask the provider")
    )
    """Whether it speaks OpenAI's form of API, as most clients do."""
    same_model_only: bool = Field(True, json_schema_extra=why("like is compared with like"))
    """Whether only the workload's own model (or its alternatives) counts, rather than any model."""


def _kind(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return kind if isinstance(kind, str) else None


SITE_TYPES: dict[str, type[ScenarioModel]] = {"owned": OwnedSite, "colo": ColoSite, "cloud": CloudSite, "api": ApiSite}

Site = Annotated[
    Annotated[OwnedSite, Tag("owned")]
    | Annotated[ColoSite, Tag("colo")]
    | Annotated[CloudSite, Tag("cloud")]
    | Annotated[ApiSite, Tag("api")],
    Discriminator(
        _kind,
        custom_error_type="scenario_kind",
        custom_error_message="a site is of kind " + ", ".join(SITE_TYPES),
    ),
]


def default_sites(country: str) -> tuple[OwnedSite | ColoSite | CloudSite | ApiSite, ...]:
    """Return the sites of a scenario that names none: a room in `country`, every cloud, every API."""
    return (
        OwnedSite(name="own room", country=country),
        CloudSite(name="any cloud"),
        ApiSite(name="any API"),
    )
