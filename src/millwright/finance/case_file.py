"""The cost case as a file: one demand, several ways to serve it, every number certain or a distribution.

    case: Small office
    currency: EUR
    horizon_months: 36
    discount_rate_per_y: 8 %
    demand: {input_tokens: 60e6, output_tokens: 18e6, requests: 60000}     # per month
    inputs:
      server: {triangular: [9000, 11000, 14000], unit: EUR, source: two offers, date: 2026-07}
    options:
      own:
        - hosts: {hosts: 1, price: $server, life_months: $host_life_months, source: offers}
      tokens:
        - api_tokens: {input_price_per_mtok: 0.6, output_price_per_mtok: 1.2, source: price list, date: 2026-08}

A value is a number (`0.2`, `20 %`, `60e6`), a name (`$server`: an input of the file, else a shipped default), a
distribution in place, a list of one number per month (or hour of the week), `{start: 10e6, growth_per_y: 30 %}`, or
`{per_tokens: 2e9, spares: 1}`: one machine for so many tokens a month, rounded up, and spares; with `load_of` instead,
the share of what those machines could do.
The keys of an item are the fields of its class in `case`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from pydantic import BaseModel, ValidationError

from millwright.errors import InputError
from millwright.finance.case import HOURLY_FIELDS, MONTHLY_FIELDS, CaseError, CostCase, CostItem, Credit, Demand
from millwright.finance.case_schema import ITEM_KINDS, QUOTED_IN, CaseModel, Number, model_of
from millwright.finance.currency import item_in
from millwright.finance.defaults import defaults, input_from
from millwright.finance.discounting import FloatArray, Value, growth_factors
from millwright.finance.distributions import UncertainInput
from millwright.finance.futures import Future, priced_under
from millwright.finance.tax import Tax, depreciation_shares
from millwright.finance.yaml_lines import Document, Place, read_document
from millwright.spans import HOURS_PER_WEEK

Fields: TypeAlias = Mapping[str, Any]
"""Fields of an item or of the demand as the file gives them: `Number`s, texts, whole numbers."""

_TOP_NUMBERS = ("discount_rate_per_y", "inflation_per_y", "output_token_weight", "carbon_price_per_t")


@dataclass(frozen=True)
class CaseFile:
    """A case file that has been read and checked: its uncertain inputs and a builder per option.

    `start` is the first month (YYYY-MM) where the file says; `baseline` the option that others are measured against.
    """

    name: str
    currency: str
    start: str | None
    horizon_months: int
    document: Document
    inputs: tuple[UncertainInput, ...]
    baseline: str | None
    tax: Tax | None
    items: Mapping[str, tuple[tuple[type[CostItem], Fields], ...]] = field(repr=False)
    demand: Fields = field(repr=False)
    top: Fields = field(repr=False)
    rates: Fields = field(repr=False)

    @property
    def options(self) -> tuple[str, ...]:
        """The names of the options, in the file's order."""
        return tuple(self.items)

    def case(
        self,
        option: str,
        values: Mapping[str, Value],
        demand_factor: float | FloatArray = 1.0,
        future: Future | None = None,
    ) -> CostCase:
        """Return the case of `option` at the given input values (floats or columns of draws), demand times a factor.

        The factor may be a row of months. The capacity stays; machines stated `per_tokens` follow the demand. A
        `future` changes demand and prices.
        """
        if future is not None:
            demand_factor = demand_factor * future.demand_factors(self.horizon_months)
        settle = _Settler(values, self.horizon_months)
        demand = settle.all_of(self.demand)
        if np.ndim(demand_factor) > 0 or demand_factor != 1.0:
            demand = {k: v if k == "capacity_tokens" else np.asarray(v) * demand_factor for k, v in demand.items()}
        settle.tokens_per_month = np.asarray(demand["input_tokens"]) + np.asarray(demand["output_tokens"])
        top = settle.all_of(self.top)
        case = CostCase(
            name=option,
            currency=self.currency,
            horizon_months=self.horizon_months,
            nominal_discount_rate_per_y=top.pop("discount_rate_per_y"),
            demand=Demand(**demand),
            items=tuple(settle.item(make, fields, self.rates) for make, fields in self.items[option]),
            **top,
        )
        return case if future is None else priced_under(case, future)


@dataclass
class _Settler:
    """Turns numbers as written into numbers, given the values of all names."""

    values: Mapping[str, Value]
    horizon_months: int
    tokens_per_month: Any = None

    def all_of(self, fields: Fields) -> dict[str, Any]:
        return {name: self.one(entry) for name, entry in fields.items()}

    def item(self, make: type[CostItem], fields: Fields, rates: Fields) -> CostItem:
        found = self.all_of(fields)
        quoted_in = found.pop(QUOTED_IN, None)
        item = make(**found)
        return item if quoted_in is None else item_in(item, self.one(rates[quoted_in]))

    def one(self, entry: Any) -> Any:
        if isinstance(entry, BaseModel):
            return Credit(**self.all_of({name: value for name, value in entry if value is not None}))
        if not isinstance(entry, Number):
            return entry
        if entry.name is not None:
            return self.values[entry.name]
        if entry.series is not None:
            return np.asarray(entry.series)
        if entry.start is not None:
            growth = growth_factors(self.one(entry.growth_per_y), np.arange(self.horizon_months))
            return self.one(entry.start) * growth
        if entry.per_tokens is not None:
            return self._units(self.one(entry.per_tokens), entry.spares)
        if entry.load_of is not None:
            capacity = self.one(entry.load_of)
            return self.tokens_per_month / (np.maximum(self._units(capacity, entry.spares), 1.0) * capacity)
        return entry.certain

    def _units(self, tokens_per_unit: Any, spares: Number | None) -> Any:
        # A hair above a whole number is that number: rounding must not buy a machine.
        return np.ceil(self.tokens_per_month / tokens_per_unit - 1e-9) + self.one(spares)


def read_case_file(path: Path) -> CaseFile:
    """Return the case file at `path`, checked. Raises InputError naming every fault with its line."""
    return case_from_document(read_document(path))


def case_from_document(document: Document) -> CaseFile:
    """Return the case in `document`, checked: every fault with file, line and remedy in one InputError."""
    faults: list[str] = []
    if not isinstance(document.values, dict):
        raise InputError("a cost case is a mapping with the keys case, currency, demand, options …", document.where(()))
    model: CaseModel | None = _validated(CaseModel, document.values, (), document, faults)
    if model is None:
        raise InputError("\n".join(dict.fromkeys(faults)))
    inputs: dict[str, UncertainInput] = {}
    for name, entry in model.inputs.items():
        try:
            inputs[name] = input_from(name, entry)
        except CaseError as error:
            faults.append(f"{document.where(('inputs', name))}: {error}.")
    named = _Names(inputs, document, faults, model.horizon_months)
    top = {name: named.settled(getattr(model, name), name, (name,)) for name in _TOP_NUMBERS}
    named.rates = {name: named.settled(rate, name, ("rates", name)) for name, rate in model.rates.items()}
    demand_model = _validated(model_of(Demand), model.demand, ("demand",), document, faults)
    demand = {} if demand_model is None else named.all_of(demand_model, ("demand",))
    for name, entry in demand.items():
        if isinstance(entry, Number) and (entry.per_tokens is not None or entry.load_of is not None):
            faults.append(f"{document.where(('demand', name))}: the demand cannot follow from itself; give a number.")
    items = {option: tuple(_items(option, entries, named)) for option, entries in model.options.items()}
    if model.baseline is not None and model.baseline not in model.options:
        near = _nearest(model.baseline, model.options)
        faults.append(f"{document.where(('baseline',))}: there is no option '{model.baseline}'.{near}")
    if faults:
        raise InputError("\n".join(dict.fromkeys(faults)))
    case_file = CaseFile(
        name=model.case,
        currency=model.currency,
        start=model.start,
        horizon_months=model.horizon_months,
        document=document,
        inputs=tuple(named.used.values()),
        baseline=model.baseline,
        tax=_tax(model),
        items=items,
        demand=demand,
        top=top,
        rates=named.rates,
    )
    for option in case_file.options:
        try:
            case_file.case(option, {entry.name: entry.median for entry in case_file.inputs})
        except CaseError as error:
            raise InputError(str(error), document.where(("options", option)), "Mend that item.") from None
    return case_file


def _tax(model: CaseModel) -> Tax | None:
    if model.tax is None:
        return None
    written_off = model.tax.depreciation
    shares = depreciation_shares(written_off.method, written_off.years, written_off.rate_per_y)
    return Tax(model.tax.rate, shares, model.tax.source)


def _items(option: str, entries: list[dict[str, Any]], named: _Names) -> Iterator[tuple[type[CostItem], Fields]]:
    for position, entry in enumerate(entries):
        kind = next(iter(entry), "")
        place: Place = ("options", option, position, kind)
        if len(entry) != 1 or kind not in ITEM_KINDS:
            named.faults.append(
                f"{named.document.where(place)}: an item is one of {', '.join(ITEM_KINDS)}, "
                f"got '{', '.join(entry) or 'nothing'}'.{_nearest(kind, ITEM_KINDS)}"
            )
            continue
        make, cause = ITEM_KINDS[kind]
        checked = _validated(model_of(make), entry[kind] or {}, place, named.document, named.faults)
        if checked is not None:
            quoted_in = getattr(checked, QUOTED_IN)
            if quoted_in is not None and quoted_in not in named.rates:
                named.faults.append(
                    f"{named.document.where((*place, QUOTED_IN))}: there is no rate for '{quoted_in}'. "
                    f"Give what one unit is worth: rates: {{{quoted_in}: 0.9}}."
                )
            yield make, {"cause": str(cause), **named.all_of(checked, place)}


@dataclass
class _Names:
    """Looks names up among the file's inputs and the shipped defaults, and notes which are used."""

    inputs: Mapping[str, UncertainInput]
    document: Document
    faults: list[str]
    horizon_months: int
    used: dict[str, UncertainInput] = field(default_factory=dict)
    rates: Fields = field(default_factory=dict)

    def all_of(self, model: BaseModel, place: Place) -> dict[str, Any]:
        """Return the fields that the file gives, each with its names looked up."""
        found: dict[str, Any] = {}
        for name, value in model:
            if isinstance(value, BaseModel):
                found[name] = value.model_copy(update=self.all_of(value, (*place, name)))
            elif value is not None:
                found[name] = self.settled(value, name, (*place, name))
        return found

    def settled(self, value: Any, name: str, place: Place) -> Any:
        """Return `value` with a distribution in place turned into a named input, and every name known to exist."""
        if not isinstance(value, Number):
            return value
        if value.uncertain is not None:
            entry = dict(value.uncertain)
            label = str(entry.pop("name", ".".join(map(str, place))))
            self.used[label] = input_from(label, entry)
            return Number(name=label)
        if value.name is not None:
            self._look_up(value.name, place)
        elif value.series is not None:
            self._check_length(len(value.series), name, place)
        elif value.start is not None or value.per_tokens is not None or value.load_of is not None:
            if name not in MONTHLY_FIELDS:
                self.faults.append(f"{self.document.where(place)}: '{name}' does not go by month; give one number.")
            parts = {key: part for key, part in vars(value).items() if part is not None}
            return Number(**{key: self.settled(part, "", (*place, key)) for key, part in parts.items()})
        return value

    def _look_up(self, name: str, place: Place) -> None:
        entry = self.inputs.get(name) or defaults().get(name)
        if entry is None:
            near = _nearest(name, [*self.inputs, *defaults()])
            self.faults.append(f"{self.document.where(place)}: there is no input '{name}'.{near}")
        else:
            self.used.setdefault(name, entry)

    def _check_length(self, length: int, name: str, place: Place) -> None:
        width = HOURS_PER_WEEK if name in HOURLY_FIELDS else self.horizon_months if name in MONTHLY_FIELDS else 1
        if length != width:
            what = {HOURS_PER_WEEK: "one per hour of the week", 1: "a single one"}.get(width, "one per month")
            self.faults.append(f"{self.document.where(place)}: '{name}' has {length} numbers; give {what} ({width}).")


def _validated(model: type[BaseModel], values: Any, place: Place, document: Document, faults: list[str]) -> Any:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults += [_fault_text(model, fault, place, document) for fault in error.errors(include_url=False)]
        return None


def _fault_text(model: type[BaseModel], fault: Any, place: Place, document: Document) -> str:
    inside = tuple(part for part in fault["loc"] if not str(part).startswith("function-"))
    where = document.where((*place, *inside))
    key = str(inside[-1]) if inside else ""
    if fault["type"] == "missing":
        return f"{where}: '{key}' is missing.{_hint(key)}"
    if fault["type"] == "extra_forbidden":
        known = list(model.model_fields)
        return f"{where}: '{key}' is not known here.{_nearest(key, known)} Known: {', '.join(known)}."
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{where}: '{key}': {message[0].lower()}{message[1:]}."


def _hint(key: str) -> str:
    hints = {
        "source": " Say where the figures come from; 'assumed' is an answer.",
        "currency": " Write its three letters, such as EUR.",
        "discount_rate_per_y": " Write a share per year, such as 8 %.",
        "demand": " Give input_tokens, output_tokens and requests per month.",
        "options": " Give at least one way to serve the demand.",
    }
    return hints.get(key, "")


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, [str(each) for each in known], n=1, cutoff=0.5)
    return f" Did you mean '{close[0]}'?" if close else ""
