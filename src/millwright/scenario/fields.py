"""Field types of the scenario: what the user writes with a unit becomes a float in the base unit its name tells.

`Annotated[float, Unit(Dimension.TIME, …)]` reads `50 ms`; `MoneyText` reads `400 kEUR`; `PriceText(PriceUnit.KWH)`
reads `0.24 EUR/kWh`. Each describes itself in the JSON Schema, so that editors know what may be written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError, core_schema

from millwright.money import Money, Price, PriceUnit, parse_money, parse_price
from millwright.quantity import (
    Dimension,
    QuantityError,
    accepted_units,
    check_no_pointed_thousands,
    has_unit,
    parse_quantity,
)
from millwright.spans import SECONDS_PER_DAY, SECONDS_PER_MONTH, SECONDS_PER_YEAR

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

FROM_FILE: Mapping[str, bool] = {"from_file": True}
"""Validation context of a scenario file: there, a bare number where a unit matters is a fault, not a base unit."""

_BARE_NUMBER_IS_CLEAR = frozenset({Dimension.LENGTH_TOKENS, Dimension.COUNT, Dimension.FRACTION})


class ScenarioModel(BaseModel):
    """What all parts of a scenario share: frozen, no unknown key, field docstrings become the schema's descriptions.

    A file names a field by its key (`power`); Python names it with its unit too (`power_w`).
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        validate_by_alias=True,
        validate_by_name=True,
        allow_inf_nan=False,
        str_strip_whitespace=True,
        str_max_length=4096,
    )

    def filled_in(self, **values: Any) -> Self:
        """Return a copy in which fields that the user left open have these values; they still count as defaulted."""
        copy = self.model_copy(update=values)
        copy.model_fields_set.difference_update(values.keys() - self.model_fields_set)
        return copy


def why(note: str) -> dict[str, Any]:
    """Return the schema extra that says why a field's default is what it is; shown wherever the default is used."""
    return {"default_note": note}


def fault(message: str, remedy: str = "", at: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """Return the error by which a validator states a fault and its remedy, `at` a key below the validated value."""
    return PydanticCustomError("scenario_fault", "{what}", {"what": message, "remedy": remedy, "at": list(at)})


@dataclass(frozen=True)
class Unit:
    """Reads a text with a unit as a float of so many `size` base units of `dimension`, and holds it within bounds.

    `shown_unit` is the unit that a value is shown in again; `above`, `at_least` and `at_most` are in the field's unit.
    """

    dimension: Dimension
    shown_unit: str
    examples: tuple[str, ...]
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    size: float = 1.0

    def read(self, value: object, info: ValidationInfo) -> float:
        """Return the validated value in the field's unit; raises PydanticCustomError with a remedy."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise fault(f"expected {self.dimension.phrase}, got {kind_of(value)}", f"Write {self._example}.")
        number = self._number(value, from_file=bool(info.context and info.context.get("from_file")))
        if self.above is not None and not number > self.above:
            raise self._out_of_range(value, f"more than {self.show(self.above)}")
        if self.at_least is not None and not number >= self.at_least:
            raise self._out_of_range(value, f"{self.show(self.at_least)} or more")
        if self.at_most is not None and not number <= self.at_most:
            raise self._out_of_range(value, f"at most {self.show(self.at_most)}")
        return number

    def show(self, value: float) -> str:
        """Return `value` [the field's unit] as a reader would write it."""
        if not self.shown_unit:
            return f"{value:,.10g}"
        shown = value * self.size / parse_quantity(f"1 {self.shown_unit}", self.dimension)
        return f"{shown:,.10g} {self.shown_unit}"

    @property
    def _example(self) -> str:
        return " or ".join(self.examples[:2])

    def _number(self, value: str | float, *, from_file: bool) -> float:
        remedy = f"Write {self._example}; accepted units: {accepted_units(self.dimension)}."
        if isinstance(value, str):
            try:
                if self.dimension in (Dimension.LENGTH_TOKENS, Dimension.COUNT):
                    check_no_pointed_thousands(value)
                number = parse_quantity(value, self.dimension) / self.size
            except QuantityError as error:
                raise fault(str(error), f"Write {self._example}.") from None
            bare = not has_unit(value)
        else:
            try:
                number = float(value)
            except OverflowError:
                raise fault("the number is too large", remedy) from None
            bare = True
            if not math.isfinite(number):
                raise fault(f"{value} is not a finite number", remedy)
        if bare and from_file and number != 0.0 and self.dimension not in _BARE_NUMBER_IS_CLEAR:
            raise fault(f"{_shortened(value)} has no unit", remedy)
        return number

    def _out_of_range(self, value: object, bound: str) -> PydanticCustomError:
        example = f"{_shortened(value)} %" if self._looks_like_percent(value) else self._example
        return fault(f"{_shortened(value)} is out of range: it must be {bound}", f"Write {example}.")

    def _looks_like_percent(self, value: object) -> bool:
        return self.dimension is Dimension.FRACTION and isinstance(value, int | float) and 1 < value <= 100

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Return the schema that validates with `read`."""
        return core_schema.with_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the JSON Schema: a text with one of the accepted units, or a number where that is clear."""
        bare = self.dimension in _BARE_NUMBER_IS_CLEAR
        units = "" if self.dimension is Dimension.COUNT else f"; accepted units: {accepted_units(self.dimension)}"
        text = {
            "type": "string",
            "pattern": _NUMBER_PATTERN if bare else _NUMBER_PATTERN + _UNIT_PATTERN,
            "examples": list(self.examples),
            "description": f"{self.dimension.phrase}{units}",
        }
        return {"anyOf": [text, {"type": "number"} if bare else {"const": 0}]}


_NUMBER_PATTERN = r"^\s*[+-]?[0-9.]"
_UNIT_PATTERN = r".*[A-Za-z%]\s*$"
"""In the schema a unit is anything that ends in a letter or %: the loader knows more spellings than an editor need."""


Amounts = TypeVar("Amounts", Money, Price)


class _AmountText:
    """What amounts and prices have in common: read from a text with a currency, never negative, written as text."""

    def read(self, value: object) -> Money | Price:
        """Return the value; raises PydanticCustomError with a remedy."""
        raise NotImplementedError

    def _not_negative(self, found: Amounts, remedy: str) -> Amounts:
        if found.amount < 0:
            raise fault(f"{found} is negative", remedy)
        return found

    def _parsed(self, value: object, parse: Callable[[str], Amounts], lacks: str, wanted: str, remedy: str) -> Amounts:
        """Return what `parse` makes of a text; `lacks` says what a bare number has not, `wanted` what is expected."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise fault(f"{_shortened(value)} has {lacks}", remedy)
        if not isinstance(value, str):
            raise fault(f"expected {wanted}, got {kind_of(value)}", remedy)
        try:
            return self._not_negative(parse(value), remedy)
        except QuantityError as error:
            raise fault(str(error), remedy) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Return the schema that validates with `read` and writes the text again."""
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.to_string_ser_schema(when_used="json")
        )


@dataclass(frozen=True)
class MoneyText(_AmountText):
    """Reads `400 kEUR` as Money, which may not be negative."""

    example: str = "400 kEUR"

    def read(self, value: object) -> Money:
        """Return the Money; raises PydanticCustomError with a remedy."""
        remedy = f"Write an amount and a currency, such as {self.example}."
        if isinstance(value, Money):
            return self._not_negative(value, remedy)
        return self._parsed(value, parse_money, "no currency", "an amount of money", remedy)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the JSON Schema: a text with an amount and a currency."""
        return {"type": "string", "examples": [self.example, "25,000 USD"], "description": "an amount and its currency"}


@dataclass(frozen=True)
class PriceText(_AmountText):
    """Reads `0.24 EUR/kWh` as the Price of one `per`, which may not be negative."""

    per: PriceUnit
    example: str

    def read(self, value: object) -> Price:
        """Return the Price; raises PydanticCustomError with a remedy."""
        remedy = f"Write a price such as {self.example}."
        if isinstance(value, Price) and value.per is self.per:
            return self._not_negative(value, remedy)
        parse = partial(parse_price, per=self.per)
        return self._parsed(value, parse, "no currency and no unit", "a price", remedy)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the JSON Schema: a text with an amount, a currency and what it is for."""
        return {"type": "string", "examples": [self.example], "description": f"a price per {self.per.value}"}


def kind_of(value: object) -> str:
    """Return what a reader of the file would call `value`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes or no"
    kinds = {dict: "a mapping", list: "a list", str: "a text", int: "a number", float: "a number"}
    return kinds.get(type(value), "something else")


def _shortened(value: object) -> str:
    try:
        text = str(value)
    except ValueError:  # an integer of more than 4,300 digits
        return "the number"
    return text if len(text) <= 40 else f"{text[:24]}…"


def _read_area(value: object) -> object:
    if not isinstance(value, str):
        raise fault(f"expected a country code, got {kind_of(value)}", "Write two letters (ISO 3166-1), such as DE.")
    return value.strip().upper() if len(value.strip()) <= 3 else value.strip()


def one_or_many(value: object) -> object:
    """Let a single text stand for a list of one."""
    return (value,) if isinstance(value, str) else value


CountryCode = Annotated[str, BeforeValidator(_read_area), Field(examples=["DE", "FR", "US"])]
"""A country (ISO 3166-1 alpha-2); its existence is checked against the catalogue when a file is loaded."""

AreaCode = Annotated[str, BeforeValidator(_read_area), Field(examples=["EU", "DE"])]
"""A country or a legal area such as EU or EEA."""

Names = Annotated[
    tuple[str, ...], BeforeValidator(one_or_many, json_schema_input_type=str | list[str]), Field(max_length=500)
]
Countries = Annotated[
    tuple[CountryCode, ...],
    BeforeValidator(one_or_many, json_schema_input_type=str | list[str]),
    Field(max_length=300),
]
Areas = Annotated[
    tuple[AreaCode, ...], BeforeValidator(one_or_many, json_schema_input_type=str | list[str]), Field(max_length=300)
]

Name = Annotated[str, Field(min_length=1, max_length=80)]


def _one_of_text_number_bool(value: object) -> object:
    if isinstance(value, str | bool | int | float) and not (isinstance(value, float) and not math.isfinite(value)):
        return value
    raise fault(f"expected a text, a number or true/false, got {kind_of(value)}")


FactValue = Annotated[str | bool | int | float, BeforeValidator(_one_of_text_number_bool)]
"""A fact that rules may ask for: a text, a number, or true/false."""

Seconds = Annotated[float, Unit(Dimension.TIME, "s", ("500 ms", "2 s"), above=0.0, at_most=SECONDS_PER_DAY)]
Hours = Annotated[float, Unit(Dimension.TIME, "h", ("8 h", "30 min"), above=0.0, at_most=168.0, size=3600.0)]
Days = Annotated[
    float, Unit(Dimension.TIME, "days", ("180 days", "6 months"), above=0.0, at_most=36_525.0, size=SECONDS_PER_DAY)
]
Months = Annotated[
    float,
    Unit(Dimension.TIME, "months", ("6 months", "1 y"), at_least=0.0, at_most=60.0, size=SECONDS_PER_MONTH),
]
Years = Annotated[
    float, Unit(Dimension.TIME, "y", ("4 y", "48 months"), above=0.0, at_most=30.0, size=SECONDS_PER_YEAR)
]
Rate = Annotated[float, Unit(Dimension.RATE, "/s", ("2 /s", "2,000 /day"), above=0.0, at_most=1e6)]
Tokens = Annotated[float, Unit(Dimension.LENGTH_TOKENS, "tokens", ("1200 tokens", "16k"), at_least=1.0, at_most=1e8)]
Power = Annotated[float, Unit(Dimension.POWER, "kW", ("20 kW", "1.5 MW"), above=0.0, at_most=1e10)]
Share = Annotated[float, Unit(Dimension.FRACTION, "%", ("20 %", "0.2"), at_least=0.0, at_most=1.0)]
Confidence = Annotated[float, Unit(Dimension.FRACTION, "%", ("80 %", "0.8"), at_least=0.5, at_most=0.99)]
PerYear = Annotated[float, Unit(Dimension.FRACTION_PER_YEAR, "%/y", ("8 %/y", "-20 %/y"), at_least=-0.99, at_most=20.0)]
Interest = Annotated[float, Unit(Dimension.FRACTION_PER_YEAR, "%/y", ("8 %/y", "0 %/y"), at_least=-0.5, at_most=2.0)]
Count = Annotated[float, Unit(Dimension.COUNT, "", ("400", "20,000"), above=0.0, at_most=1e12)]
Factor = Annotated[float, Unit(Dimension.COUNT, "", ("0.8", "1.25"), above=0.0, at_most=1000.0)]
Amount = Annotated[Money, MoneyText()]
PricePerKwh = Annotated[Price, PriceText(PriceUnit.KWH, "0.24 EUR/kWh")]
PricePerKwMonth = Annotated[Price, PriceText(PriceUnit.KW_MONTH, "200 EUR/kW/month")]
