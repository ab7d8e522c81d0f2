"""The answer in one sentence, how sure it is, what would turn it, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from millwright.finance.uncertainty import Comparison
from millwright.law.kleene import Verdict
from millwright.plan.costing import Inputs
from millwright.plan.model import Answer, Decision, EstimateValue, Kind, Turn
from millwright.plan.money import DEMAND_MULTIPLES, Odds, demand_crossing
from millwright.plan.priced import PricedOption
from millwright.plan.uncertain import CAPACITY
from millwright.quantity import Basis

_DECISIONS = {
    Kind.OWNED: Decision.OWN,
    Kind.COLO: Decision.COLO,
    Kind.CLOUD: Decision.RENT,
    Kind.API: Decision.TOKENS,
    Kind.MIXED: Decision.MIX,
}

_KNOW_FIRST = {
    "demand": "Measure your demand before you sign: it moves the answer most.",
    "electricity price": "Ask for a fixed electricity price: it moves the answer most.",
    "wages": "Settle who runs it and what they cost: it moves the answer most.",
    "rent": "Ask the providers for a discount on the list price: it moves the answer most.",
    "host price": "Get two quotations for the machines: their price moves the answer most.",
    "hardware life": "Decide how long you would keep machines: it moves the answer most.",
    "residual value": "Ask for a buy-back price: the resale value moves the answer most.",
    "maintenance": "Get a quotation for support: it moves the answer most.",
    "cloud price drift": "Ask for a price that is fixed over the term: cloud prices move the answer most.",
    "API price drift": "Keep the contract short or ask for falling prices: API prices move the answer most.",
}


def answer(ranked: Sequence[PricedOption], odds: Odds | None, central: Inputs) -> Answer:
    """Return the answer to the scenario from the options, best first; none at all is an answer too."""
    if not ranked or odds is None:
        return Answer(
            sentence="No option keeps every limit of the scenario.",
            decision=Decision.NONE,
            option_id=None,
            probability=0.0,
            next_steps=("Read the reasons below: each names the limit and the figure that breaks it.",),
        )
    best = ranked[0]
    probability = odds.probability_best(best.id)
    lcot = float(odds.central[best.id].lcot_per_mtok)
    code = best.currency.code
    turns = _turns(best, ranked, central)
    sentence = f"{_advice(best, central)}: {_figure(lcot)} {code} per million tokens."
    return Answer(
        sentence=sentence,
        decision=_DECISIONS[best.kind],
        option_id=best.id,
        probability=probability,
        next_steps=_next_steps(best, odds.comparison),
        turns=turns,
    )


def _advice(best: PricedOption, central: Inputs) -> str:
    if best.kind is Kind.API:
        return f"Don't buy machines; buy tokens from {best.title}"
    if best.kind is Kind.CLOUD:
        return f"Don't buy machines; rent {best.title}"
    if best.kind is Kind.MIXED:
        return f"Mix: {best.title}"
    schedule = best.parts[0].schedule(central)
    count = int(schedule.installed[:12].max()) if schedule is not None else 0
    verb = "Buy" if best.kind is Kind.OWNED else "Buy and colocate"
    return f"{verb} {count} × {best.title}" if len(best.parts) == 1 else f"{verb} {best.title}"


def _turns(best: PricedOption, ranked: Sequence[PricedOption], central: Inputs) -> tuple[Turn, ...]:
    """Return at which demand the best option of each other kind would overtake the best one."""
    turns: list[Turn] = []
    seen = {best.kind}
    for other in ranked[1:]:
        if other.kind in seen or other.verdict is not Verdict.YES:
            continue
        seen.add(other.kind)
        multiple = demand_crossing(other, best, central)
        below = None if multiple is not None else _cheaper_below(other, best, central)
        low, high = DEMAND_MULTIPLES[0], DEMAND_MULTIPLES[-1]
        if multiple is not None and multiple > low:
            sentence = f"From {_figure(multiple)} times today's demand on, {other.title} would be cheaper."
        elif below is not None:
            multiple = below
            sentence = f"Below {_figure(below)} times today's demand, {other.title} would be cheaper."
        else:
            multiple = None
            sentence = f"{other.title} is never cheaper between {low:g} and {high:g} times today's demand."
        turns.append(
            Turn(
                what="demand",
                at=None if multiple is None else EstimateValue.exact(multiple, "times today's demand", Basis.ASSUMED),
                to_option_id=other.id,
                sentence=sentence,
            )
        )
    return tuple(turns)


def _cheaper_below(other: PricedOption, best: PricedOption, central: Inputs) -> float | None:
    """Return the demand below which `other` is cheaper: where `best` overtakes it for good."""
    crossing = demand_crossing(best, other, central)
    return crossing if crossing is not None and crossing > DEMAND_MULTIPLES[0] else None


def _next_steps(best: PricedOption, comparison: Comparison) -> tuple[str, ...]:
    steps: list[str] = []
    worth = next(iter(comparison.value_of_knowing.items()), None)
    if worth is not None and worth[1] > 0.0:
        name, amount = worth
        if name.startswith(CAPACITY):
            text = (
                f"Test {name.removeprefix(CAPACITY)} with your own requests: how much it serves moves the answer most."
            )
        else:
            text = _KNOW_FIRST.get(name, f"Find out {name}: it moves the answer most.")
        steps.append(f"{text} Knowing it for certain would be worth about {_figure(amount)} {best.currency.code}.")
    if best.kind is Kind.API:
        steps.append("Measure the API's latency with your own prompts at your busiest hour.")
        steps.append("Agree an exit: the same open model is sold by others, so keep prompts and tests portable.")
    elif best.kind is Kind.CLOUD:
        steps.append("Rent one instance for a day and run your own requests against it.")
    else:
        steps.append("Rent the same device for a day and run your own requests against it before you order.")
    return tuple(steps)


def _figure(value: float) -> str:
    """Return a number with three significant digits and thousands separators."""
    if value == 0.0:
        return "0"
    if abs(value) >= 1000.0:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"
