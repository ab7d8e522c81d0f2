"""What may stand in a cost case file: numbers in their several forms, and a model for the top and for each item.

The models of the items are made from the dataclasses in `case`, so a new field there is a new key here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from millwright.finance.case import (
    OUTPUT_TOKEN_WEIGHT,
    ApiTokens,
    CaseError,
    Cause,
    Colocation,
    Credit,
    Energy,
    Financing,
    Fixed,
    OwnedHosts,
    PerMtok,
    PerUnit,
    Rented,
    Staff,
)
from millwright.finance.defaults import input_from
from millwright.finance.distributions import number_from
from millwright.finance.tax import Depreciation

ITEM_KINDS: Mapping[str, tuple[Any, str]] = {
    "hosts": (OwnedHosts, Cause.HARDWARE),
    "energy": (Energy, Cause.ENERGY),
    "colocation": (Colocation, Cause.FACILITY),
    "rented": (Rented, Cause.RENT),
    "api_tokens": (ApiTokens, Cause.API),
    "staff": (Staff, Cause.STAFF),
    "per_unit": (PerUnit, Cause.LICENCES),
    "per_mtok": (PerMtok, Cause.EGRESS),
    "fixed": (Fixed, "fixed"),
}
"""Key of an item in the file → its class and the cause it has where the file names none."""


QUOTED_IN = "quoted_in"
"""Key of an item whose money is in another currency than the case's; the rate stands under `rates`."""


@dataclass(frozen=True)
class Number:
    """A number as written; exactly one of the forms is set.

    `start` grows by `growth_per_y`; `per_tokens` is one unit for so many tokens a month, rounded up, plus `spares`;
    `load_of` is the share of those units' capacity that the demand takes.
    """

    certain: float | None = None
    name: str | None = None
    uncertain: Mapping[str, Any] | None = None
    series: tuple[float, ...] | None = None
    start: Number | None = None
    growth_per_y: Number | None = None
    per_tokens: Number | None = None
    load_of: Number | None = None
    spares: Number | None = None


def read_number(value: object) -> Number:
    """Return the number that a YAML value means. Raises ValueError with the accepted forms."""
    try:
        if isinstance(value, Number):
            return value
        if isinstance(value, str) and value.startswith("$"):
            return Number(name=value[1:])
        if isinstance(value, list):
            return Number(series=tuple(number_from(x) for x in value))
        if isinstance(value, dict):
            if "start" in value:
                _only(value, "start", "growth_per_y")
                return Number(start=read_number(value["start"]), growth_per_y=read_number(value.get("growth_per_y", 0)))
            if "per_tokens" in value:
                _only(value, "per_tokens", "spares")
                return Number(per_tokens=read_number(value["per_tokens"]), spares=read_number(value.get("spares", 0)))
            if "load_of" in value:
                _only(value, "load_of", "spares")
                return Number(load_of=read_number(value["load_of"]), spares=read_number(value.get("spares", 0)))
            input_from("", {key: entry for key, entry in value.items() if key != "name"})
            return Number(uncertain=value)
        return Number(certain=number_from(value))
    except CaseError as error:
        raise ValueError(str(error)) from None


def _only(value: Mapping[str, object], form: str, companion: str) -> None:
    unknown = set(value) - {form, companion}
    if unknown:
        raise CaseError(f"'{min(unknown)}' does not go with '{form}'; only '{companion}' does")


NumberField: TypeAlias = Annotated[
    Number, BeforeValidator(read_number, json_schema_input_type=float | str | list[float] | dict[str, Any])
]


class FileModel(BaseModel):
    """What all parts of the file share: no unknown key, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


ShareField: TypeAlias = Annotated[float, BeforeValidator(number_from, json_schema_input_type=float | str)]


class DepreciationModel(FileModel):
    """How assets are written off."""

    method: Depreciation = Depreciation.STRAIGHT_LINE
    years: int = Field(5, ge=1, le=40)
    rate_per_y: ShareField = Field(0.4, gt=0.0, le=1.0)


class TaxModel(FileModel):
    """The view after tax; left out: before tax only."""

    rate: ShareField = Field(ge=0.0, lt=1.0)
    depreciation: DepreciationModel = DepreciationModel()
    source: str = "not stated"


class CaseModel(FileModel):
    """The top of a cost case file."""

    case: str = Field(min_length=1)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    start: str | None = Field(None, pattern=r"^\d{4}-(0[1-9]|1[0-2])$")  # the first month, such as 2027-01
    horizon_months: int = Field(ge=1, le=600)
    discount_rate_per_y: NumberField
    inflation_per_y: NumberField = Number(certain=0.0)
    output_token_weight: NumberField = Number(certain=OUTPUT_TOKEN_WEIGHT)
    carbon_price_per_t: NumberField = Number(certain=0.0)
    demand: dict[str, Any]
    inputs: dict[str, dict[str, Any]] = Field(default_factory=dict)
    rates: dict[str, NumberField] = Field(default_factory=dict)  # of the case's currency for one unit of another
    options: dict[str, list[dict[str, Any]]] = Field(min_length=1)
    baseline: str | None = None
    tax: TaxModel | None = None


@cache
def model_of(owner: Any) -> type[BaseModel]:
    """Return the Pydantic model of a dataclass of `case`: numbers become `Number`, everything else stays as it is."""
    fields: dict[str, Any] = {}
    for entry in dataclasses.fields(owner):
        required = entry.default is dataclasses.MISSING and entry.name != "cause"
        kind = str(entry.type)
        if kind.startswith(("Value", "PerMonth", "float")):
            accepted: Any = NumberField
        elif kind.startswith("Credit"):
            accepted = model_of(Credit)
        elif kind.startswith("Financing"):
            accepted = Financing
        else:
            accepted = int if kind == "int" else str
        fields[entry.name] = (accepted, ...) if required else (accepted | None, None)
    if owner in (make for make, _ in ITEM_KINDS.values()):
        fields[QUOTED_IN] = (str | None, None)
    return create_model(owner.__name__, __base__=FileModel, __doc__=owner.__doc__, **fields)


def case_schema() -> dict[str, Any]:
    """Return the JSON Schema of a case file, its items included."""
    schema = CaseModel.model_json_schema()
    items = {f"item_{kind}": model_of(make).model_json_schema() for kind, (make, _) in ITEM_KINDS.items()}
    schema["$defs"] = {**schema.get("$defs", {}), **items}
    schema["properties"]["options"]["additionalProperties"]["items"] = {
        "oneOf": [
            {"type": "object", "properties": {kind: {"$ref": f"#/$defs/item_{kind}"}}, "required": [kind]}
            for kind in ITEM_KINDS
        ]
    }
    return schema
