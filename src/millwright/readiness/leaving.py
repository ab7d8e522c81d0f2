"""What it would take to leave an option: contract, data, formats, re-tests and skills, in months and money.

Everything a part of an option is enters as plain values, so that `plan` can ask without knowing how it is reckoned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from millwright.readiness.assessment import Range
from millwright.readiness.questions import read_data

HOURS_PER_MONTH_PER_ENGINEER = 60.0
"""Hours a month that an engineer has for such work: less than half, as `people` takes it; a judgement."""


@dataclass(frozen=True)
class Leaving:
    """One part of an option as far as leaving it is concerned. Money is in the plan's currency.

    `kind` is owned, colo, cloud or api. `open_weights`: the same weights can be had elsewhere; `others` are further
    places of the catalogue that serve them. `usual_interface`: it speaks the form of API that most speak, None where
    that is not known. `term_months` is what the contract still binds at most, `price_per_month` what that costs.
    `purchase` is what machines cost to buy, `hosts` how many; `data_bytes` what must be carried.
    """

    kind: str
    workload: str
    open_weights: bool
    others: int
    usual_interface: bool | None
    price_per_month: float = 0.0
    term_months: float = 0.0
    purchase: float = 0.0
    hosts: int = 0
    data_bytes: float = 0.0


@dataclass(frozen=True)
class ExitPart:
    """One cause that holds an option's user: how long and how much, low to high, and why."""

    cause: str  # contract, data, formats, re-tests, skills, machines
    months: Range
    money: Range
    hours: Range
    why: str


@dataclass(frozen=True)
class ExitEstimate:
    """What leaving takes in all: the contract runs beside the work, the pieces of work come one after another."""

    parts: tuple[ExitPart, ...]
    months: Range
    money: Range
    hours: Range
    unknown: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class ExitFigures:
    """The ranges that leaving is reckoned with, by name, as `exit.yaml` gives them."""

    hours: Mapping[str, Range]
    months: Mapping[str, Range]
    machines_lost: Range
    egress_usd_per_gb: Range


@lru_cache(maxsize=1)
def load_exit_figures() -> ExitFigures:
    """Return the shipped figures."""
    raw = read_data("exit.yaml")

    def ranges(values: Mapping[str, Sequence[float]]) -> dict[str, Range]:
        return {name: Range(float(low), float(high)) for name, (low, high) in values.items()}

    return ExitFigures(
        ranges(raw["hours"]),
        ranges(raw["months"]),
        Range(*map(float, raw["share_of_price_lost"]["machines"])),
        Range(*map(float, raw["egress_usd_per_gb"]["cloud"])),
    )


def exit_estimate(
    parts: Sequence[Leaving],
    hour_cost: float,
    per_usd: float,
    engineers: float = 1.0,
    currency: str = "",
    figures: ExitFigures | None = None,
) -> ExitEstimate:
    """Return what leaving an option of these parts takes.

    `hour_cost` is the cost of an own hour [currency], `per_usd` the currency over USD, `engineers` how many can work on
    it. Hours become months at HOURS_PER_MONTH_PER_ENGINEER each; half an engineer is the least.
    """
    figures = figures or load_exit_figures()
    found: list[ExitPart] = []
    unknown: dict[str, None] = {}
    for part in parts:
        found += _contract(part, figures)
        found += _interface(part, figures)
        found += _retests(part, figures)
        if part.usual_interface is None:
            unknown["whether the provider speaks the usual form of API"] = None
        if part.open_weights is False:
            unknown["what replaces the model: its weights cannot be had"] = None
    found += _once(parts, figures, per_usd)
    pace = HOURS_PER_MONTH_PER_ENGINEER * max(engineers, 0.5)
    priced = [_priced(each, hour_cost, pace) for each in found]
    merged = _by_cause(priced)
    bound = _worst([each.months for each in merged if each.cause in _BINDING])
    work = _sum([each.months for each in merged if each.cause not in _BINDING])
    least = figures.months["least"]
    months = Range(max(bound.low, work.low, least.low), max(bound.high, work.high, least.high))
    money = _sum([each.money for each in merged])
    hours = _sum([each.hours for each in merged])
    return ExitEstimate(merged, months, money, hours, tuple(unknown), _sentence(merged, months, money, currency))


_BINDING = ("contract", "machines")
"""Causes that take time but no work to wait for: they run beside the rest."""

_NONE = Range(0.0, 0.0)


def _contract(part: Leaving, figures: ExitFigures) -> list[ExitPart]:
    if part.kind == "owned":
        return _machines(part, figures)
    notice = figures.months[f"notice_{part.kind}"]
    if part.term_months > 0.0:
        months = Range(notice.low, max(part.term_months, notice.high))
        term = "a month" if part.term_months == 1.0 else f"{part.term_months:g} months"
        why = f"the term binds for up to {term}; what is left of it is paid"
        money = Range(0.0, part.term_months * part.price_per_month)
    else:
        months, why = notice, "notice; what runs until then is paid"
        money = Range(notice.low * part.price_per_month, notice.high * part.price_per_month)
    found = [ExitPart("contract", months, money, _NONE, why)]
    return found + (_machines(part, figures) if part.kind == "colo" else [])


def _machines(part: Leaving, figures: ExitFigures) -> list[ExitPart]:
    if not part.hosts:
        return []
    lost = Range(figures.machines_lost.low * part.purchase, figures.machines_lost.high * part.purchase)
    each = figures.hours["clear_host"]
    why = "machines are wiped and sold; a year after purchase they fetch 45 to 75 % of their price"
    return [ExitPart("machines", figures.months["sell_machines"], lost, _times(each, part.hosts), why)]


def _interface(part: Leaving, figures: ExitFigures) -> list[ExitPart]:
    same, other = figures.hours["same_interface"], figures.hours["other_interface"]
    if part.usual_interface is None:
        hours, why = Range(same.low, other.high), "it is not known whether what calls the model can stay as it is"
    elif part.usual_interface:
        hours, why = same, "the next place speaks the same form of API: address, keys and limits change"
    else:
        hours, why = other, "what calls the model is written for this provider's form of API"
    return [ExitPart("formats", _NONE, _NONE, hours, why)]


def _retests(part: Leaving, figures: ExitFigures) -> list[ExitPart]:
    if part.open_weights and (part.others or part.kind != "api"):
        count = f" ({part.others} further places of the catalogue serve it)" if part.others else ""
        why = f"the same weights can be served elsewhere{count}: quality is tried once"
        return [ExitPart("re-tests", _NONE, _NONE, figures.hours["same_model_elsewhere"], why)]
    if part.open_weights:
        low, high = figures.hours["same_model_elsewhere"].low, figures.hours["other_model"].high
        why = "the weights are open, but no other place of the catalogue serves them: machines, or another model"
        return [ExitPart("re-tests", _NONE, _NONE, Range(low, high), why)]
    why = "the model cannot be taken along: prompts are rewritten for another one and tried"
    return [ExitPart("re-tests", _NONE, _NONE, figures.hours["other_model"], why)]


_SKILLS = {
    "owned": ("skills_from_machines", "who runs machines can run rented ones; accounts and bills are new"),
    "colo": ("skills_from_machines", "who runs machines can run rented ones; accounts and bills are new"),
    "cloud": ("skills_from_rent", "the provider's own services must be replaced, the engine is known"),
    "api": ("skills_from_tokens", "nobody has had to run an engine: little for the next API, much for machines"),
}


def _once(parts: Sequence[Leaving], figures: ExitFigures, per_usd: float) -> list[ExitPart]:
    """Return what is done once for all parts: carry the data, learn what is new."""
    gigabytes = sum(each.data_bytes for each in parts if each.kind == "cloud") / 1e9
    egress = _times(figures.egress_usd_per_gb, gigabytes * per_usd)
    carried = "logs, prompts, indices and settings are exported and checked"
    why = carried + (f"; {gigabytes:,.0f} GB leave the cloud" if gigabytes >= 1.0 else "")
    found = [ExitPart("data", _NONE, egress, figures.hours["carry_data"], why)]
    kinds = dict.fromkeys(each.kind for each in parts)
    hardest = max(kinds, key=lambda kind: figures.hours[_SKILLS[kind][0]].high)
    name, why = _SKILLS[hardest]
    return [*found, ExitPart("skills", _NONE, _NONE, figures.hours[name], why)]


def _priced(part: ExitPart, hour_cost: float, pace: float) -> ExitPart:
    """Return the part with its hours as money, and as months where it has none of its own."""
    money = Range(part.money.low + part.hours.low * hour_cost, part.money.high + part.hours.high * hour_cost)
    months = part.months if part.cause in _BINDING else _times(part.hours, 1.0 / pace)
    return ExitPart(part.cause, months, money, part.hours, part.why)


def _by_cause(parts: Sequence[ExitPart]) -> tuple[ExitPart, ...]:
    """Return the parts by cause: of what binds the longest counts, work adds up; money adds up always."""
    found: list[ExitPart] = []
    for cause in dict.fromkeys(each.cause for each in parts):
        alike = [each for each in parts if each.cause == cause]
        months = [each.months for each in alike]
        found.append(
            ExitPart(
                cause,
                _worst(months) if cause in _BINDING else _sum(months),
                _sum([each.money for each in alike]),
                _sum([each.hours for each in alike]),
                "; ".join(dict.fromkeys(each.why for each in alike)),
            )
        )
    return tuple(sorted(found, key=lambda each: -each.money.middle))


def _sentence(parts: Sequence[ExitPart], months: Range, money: Range, currency: str) -> str:
    most = max(parts, key=lambda each: each.money.high)
    unit = f" {currency}" if currency else ""
    time = f"{months.low:.1f} to {months.high:.1f} months"
    return f"Leaving takes {time} and {_round(money.low)} to {_round(money.high)}{unit}, most of it for {most.cause}."


def _round(value: float) -> str:
    return f"{float(f'{value:.2g}'):,.0f}"


def _times(each: Range, factor: float) -> Range:
    return Range(each.low * factor, each.high * factor)


def _sum(ranges: Sequence[Range]) -> Range:
    return Range(sum(each.low for each in ranges), sum(each.high for each in ranges))


def _worst(ranges: Sequence[Range]) -> Range:
    return Range(max((each.low for each in ranges), default=0.0), max((each.high for each in ranges), default=0.0))
