"""The answer in one sentence, how sure it is, what would turn it, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from millwright.finance.case import Cause
from millwright.finance.figures import evaluate, npv_cost
from millwright.finance.uncertainty import Comparison
from millwright.law.facts import in_words
from millwright.law.kleene import Verdict
from millwright.plan.costing import ApiTerms, Inputs, OwnedTerms, RentedTerms
from millwright.plan.counted import FIRST_YEAR_MONTHS
from millwright.plan.envelope import MULTIPLES, crossing, envelope
from millwright.plan.model import Answer, Decision, EstimateValue, Kind, RefusedOption, Stage, Turn
from millwright.plan.money import Odds
from millwright.plan.priced import PricedOption, PricedPart
from millwright.plan.uncertain import CAPACITY, PROVIDER
from millwright.quantity import Basis, share_text
from millwright.scenario.model import Objective

_DECISIONS = {
    Kind.OWNED: Decision.OWN,
    Kind.COLO: Decision.COLO,
    Kind.CLOUD: Decision.RENT,
    Kind.API: Decision.TOKENS,
    Kind.MIXED: Decision.MIX,
}

_MUCH_CHEAPER = 0.9
"""Share of the answer's cost below which an option that waits for a fact is told of beside the answer."""

_RANKED_BY = {
    Objective.CAPEX: "what there is to buy",
    Objective.CARBON: "carbon",
    Objective.SOVEREIGNTY: "sovereignty",
    Objective.ENERGY: "energy",
}

_WORTH_MENTIONING = 0.005
"""Share of the best option's cost from which the value of knowing an input is told; below, it is noise of the draws."""

_KIND_WORDS = {
    Kind.OWNED: "Owning machines",
    Kind.COLO: "Colocating machines",
    Kind.CLOUD: "Renting machines",
    Kind.API: "Buying tokens",
    Kind.MIXED: "A mix",
}

_LOOSEN = {
    Stage.BUDGET: "the limit on money",
    Stage.POWER: "the limit on power",
    Stage.SPACE: "the limit on space",
    Stage.LATENCY: "the limits on latency",
    Stage.LIMIT: "the limit on the share of one vendor",
}
"""Limits that are kept to after law, catalogue and memory: what fails at one of them alone is feasible without it."""

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


def answer(
    ranked: Sequence[PricedOption],
    odds: Odds | None,
    central: Inputs,
    refused: Sequence[RefusedOption] = (),
    objective: Objective = Objective.LCOT,
) -> Answer:
    """Return the answer to the scenario from the options, best first by `objective`; none at all is an answer too."""
    if not ranked or odds is None:
        return Answer(
            sentence="No option keeps every limit of the scenario.",
            decision=Decision.NONE,
            option_id=None,
            probability=0.0,
            next_steps=(
                *_alone_in_the_way(refused),
                "Read the reasons below: each names the limit and the figure that breaks it.",
            ),
        )
    best = ranked[0]
    probability = odds.probability_best(best.id)
    lcot = _lcot(best, odds)
    code = best.currency.code
    turns = _turns(best, ranked, central)
    steps = _next_steps(best, ranked, odds.among_lawful, float(odds.central[best.id].npv_cost), central)
    sentence = f"{_advice(best, central)}: {_figure(lcot)} {code} per million tokens."
    waiting: tuple[PricedOption, ...] = ()
    if objective is Objective.LCOT:
        waiting = _cheaper_if_lawful(best, ranked, odds)
        sentence += _odds_favour_another(best, ranked, odds) + _held_back(waiting, odds)
    else:
        sentence = f"Ranked by {_RANKED_BY[objective]}, as asked. {sentence}{_cheapest_beside(best, ranked, odds)}"
    return Answer(
        sentence=sentence,
        decision=_DECISIONS[best.kind],
        option_id=best.id,
        probability=probability,
        next_steps=(*_ask_first(best, waiting, odds), *steps),
        turns=turns,
    )


def _odds_favour_another(best: PricedOption, ranked: Sequence[PricedOption], odds: Odds) -> str:
    """Return a sentence where another option is the cheapest more often than the one that the central case ranks first.

    Only options of the same standing in law are compared: what may turn out unlawful is told as a rival.
    """
    equals = [option for option in ranked if option.verdict is best.verdict]
    likeliest = max(equals, key=lambda option: odds.probability_best(option.id))
    theirs, ours = odds.probability_best(likeliest.id), odds.probability_best(best.id)
    if likeliest is best or theirs <= ours:
        return ""
    return (
        f" That is the order of the central case; over all draws {likeliest.title} is the cheapest more often, "
        f"{share_text(theirs)} of the time against {share_text(ours)}."
    )


def _cheapest_beside(best: PricedOption, ranked: Sequence[PricedOption], odds: Odds) -> str:
    """Return a sentence about the cheapest option of the same standing in law, where something else was asked for."""
    cheapest = min((each for each in ranked if each.verdict is best.verdict), key=lambda option: _lcot(option, odds))
    if cheapest is best:
        return ""
    return f" The cheapest would be {cheapest.title}, at {_figure(_lcot(cheapest, odds))} {best.currency.code}."


def _alone_in_the_way(refused: Sequence[RefusedOption]) -> tuple[str, ...]:
    """Return the limits that refuse a configuration without any other's help: to loosen one of them would do."""
    alone = Counter(stages[0] for each in refused if len(stages := [*{reason.stage for reason in each.reasons}]) == 1)
    return tuple(
        f"Loosen {_LOOSEN[stage]}, if you can: for {count} of the refused configurations nothing else is in the way."
        for stage, count in alone.most_common()
        if stage in _LOOSEN
    )


def _advice(best: PricedOption, central: Inputs) -> str:
    if best.kind is Kind.API:
        return f"Don't buy machines; buy tokens from {best.title}"
    if best.kind is Kind.CLOUD:
        return f"Don't buy machines; rent {best.title}"
    if best.kind is Kind.MIXED:
        return f"Mix: {best.title}"
    verb = "Buy" if best.kind is Kind.OWNED else "Buy and colocate"
    schedule = best.parts[0].schedule(central)
    if len(best.parts) > 1 or schedule is None:
        return f"{verb} {_bought_together(best, central) or best.title}"
    terms = best.parts[0].serving.terms
    there = terms.existing if isinstance(terms, OwnedTerms) else 0
    now, later = int(schedule.installed[:FIRST_YEAR_MONTHS].max()), int(schedule.installed.max())
    growth = f" now, {later - there} by the end of the horizon" if later > max(now, there) else ""
    if now <= there:
        bought = f", and buy {later - there} by the end of the horizon" if growth else ""
        return f"Buy nothing now; use {now} of your {_times(there, best.title)}{bought}"
    return f"{verb} {_times(now - there, best.title)}{growth}"


def _bought_together(best: PricedOption, central: Inputs) -> str:
    """Return what several workloads' machines add up to in the first year, such as `6 × box + 1 × rack`."""
    bought: Counter[str] = Counter()
    for part in best.parts:
        schedule, terms, platform = part.schedule(central), part.serving.terms, part.draft.platform
        if schedule is not None and platform is not None and isinstance(terms, OwnedTerms):
            needed = int(schedule.installed[:FIRST_YEAR_MONTHS].max())
            bought[platform.title] += max(needed - terms.existing, 0)
    return " + ".join(_times(count, title) for title, count in bought.items() if count)


def _times(count: int, title: str) -> str:
    """Return such as `2 × DGX`, and `2 × (8 × card)` where the title itself begins with a number."""
    return f"{count} × ({title})" if title[:1].isdigit() and " × " in title else f"{count} × {title}"


def _turns(best: PricedOption, ranked: Sequence[PricedOption], central: Inputs) -> tuple[Turn, ...]:
    """Return at which demand, and at which price of its tokens, another kind would overtake the best option's kind."""
    lawful = [option for option in ranked if option.verdict is best.verdict]
    ours = envelope(best.kind, lawful, central)
    assert ours is not None, "the best option is one of its kind"
    turns: list[Turn] = []
    low, high = MULTIPLES[0], MULTIPLES[-1]
    for kind, words in _KIND_WORDS.items():
        theirs = None if kind is best.kind else envelope(kind, lawful, central)
        if theirs is None:
            continue
        multiple = crossing(ours, theirs, central)
        cheaper_today = theirs.at(1.0, central) < ours.at(1.0, central)  # where something else than cost was asked for
        above = multiple is not None and multiple > 1.0
        other = theirs.cheapest_at(1.0)
        if multiple is None and cheaper_today:
            sentence = f"{words} is cheaper at any demand between {low:g} and {high:,.0f} times today's."
        elif multiple is None:
            sentence = f"{words} is never cheaper between {low:g} and {high:,.0f} times today's demand."
        elif cheaper_today:
            sentence = (
                f"{'Up' if above else 'Down'} to {_figure(multiple)} times today's demand, {other.title} is cheaper."
            )
        else:
            other = theirs.cheapest_at(multiple) if above else theirs.cheapest_below(multiple)
            where = "From" if above else "Below"
            sentence = f"{where} {_figure(multiple)} times today's demand, {other.title} would be cheaper."
        turns.append(_turn("demand", multiple, "times today's demand", other, sentence))
    price = _price_turn(best, lawful, central)
    return (*turns, price) if price is not None else tuple(turns)


def _price_turn(best: PricedOption, lawful: Sequence[PricedOption], central: Inputs) -> Turn | None:
    """Return by how much token prices would have to rise for machines to be cheaper at today's demand."""
    machines = [option for option in lawful if option.kind is not Kind.API]
    if best.kind is not Kind.API or not machines:
        return None
    other = min(machines, key=lambda option: float(npv_cost(option.case(central))))
    by_cause = evaluate(best.case(central)).npv_by_cause
    tokens = float(by_cause.get(Cause.API, 0.0))
    if tokens <= 0.0:
        return None
    rest = sum(float(amount) for cause, amount in by_cause.items() if cause != Cause.API)
    factor = (float(npv_cost(other.case(central))) - rest) / tokens
    sentence = f"Tokens would have to cost {_figure(factor)} times as much for {other.title} to be cheaper today."
    return _turn("price of tokens", factor, "times today's price", other, sentence)


def _turn(what: str, at: float | None, unit: str, other: PricedOption, sentence: str) -> Turn:
    where = None if at is None else EstimateValue.exact(at, unit, Basis.ASSUMED)
    return Turn(what=what, at=where, to_option_id=other.id, sentence=sentence)


def _cheaper_if_lawful(best: PricedOption, ranked: Sequence[PricedOption], odds: Odds) -> tuple[PricedOption, ...]:
    """Return what would be much cheaper than a lawful best if a missing fact turned out well, the cheapest first."""
    if best.verdict is not Verdict.YES:
        return ()
    limit = _MUCH_CHEAPER * _lcot(best, odds)
    waiting = [each for each in ranked if each.verdict is Verdict.UNKNOWN and _lcot(each, odds) < limit]
    return tuple(sorted(waiting, key=lambda option: _lcot(option, odds)))


def _held_back(waiting: Sequence[PricedOption], odds: Odds) -> str:
    """Return a sentence that says how many cheaper options nothing but missing facts keeps from being the answer."""
    if not waiting:
        return ""
    price = f"{_figure(_lcot(waiting[0], odds))} {waiting[0].currency.code} per million tokens"
    if len(waiting) == 1:
        return f" But ask first: {waiting[0].title} costs {price}, and waits only for facts that law asks for."
    return f" But ask first: {len(waiting)} options cost less, from {price}, and wait only for facts that law asks for."


def _ask_first(best: PricedOption, waiting: Sequence[PricedOption], odds: Odds) -> tuple[str, ...]:
    """Return which question to settle when an option that may be lawful is much cheaper than the answer."""
    if best.verdict is not Verdict.YES:
        return ("Settle the facts that the rules ask for first: none of the options is known to be lawful.",)
    if not waiting:
        return ()
    fewest = min(waiting, key=lambda option: (len(_missing(option)), _lcot(option, odds)))
    return (
        f"Find out about {fewest.title}: {in_words(_missing(fewest), 3)} If the law then allows it, it costs "
        f"{_figure(_lcot(fewest, odds))} {fewest.currency.code} per million tokens.",
    )


def _lcot(option: PricedOption, odds: Odds) -> float:
    return float(odds.central[option.id].lcot_per_mtok)


def _missing(option: PricedOption) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fact for part in option.parts for fact in part.draft.law.missing_facts))


def _device_name(device_id: str, options: Sequence[PricedOption]) -> str:
    """Return what people call a device, its id where no option holds it."""
    platforms = (part.draft.platform for option in options for part in option.parts)
    return next((p.device.name for p in platforms if p is not None and p.device.id == device_id), device_id)


def _next_steps(
    best: PricedOption, ranked: Sequence[PricedOption], comparison: Comparison, cost: float, central: Inputs
) -> tuple[str, ...]:
    steps: list[str] = []
    worth = next(iter(comparison.value_of_knowing.items()), None)
    if worth is not None and worth[1] > _WORTH_MENTIONING * cost:
        name, amount = worth
        if name.startswith(PROVIDER):
            text = f"Get a quotation of {name.removeprefix(PROVIDER)}: its prices move the answer most."
        elif name.startswith(CAPACITY):
            device = _device_name(name.removeprefix(CAPACITY), ranked)
            text = f"Test {device} with your own requests: how much it serves moves the answer most."
        else:
            text = _KNOW_FIRST.get(name, f"Find out {name}: it moves the answer most.")
        steps.append(f"{text} Knowing it for certain would be worth about {_figure(amount)} {best.currency.code}.")
    return (*steps, *_trials(best, central))


def _is_bought(part: PricedPart, central: Inputs) -> bool:
    """Return whether a machine has to be bought for the part over the horizon."""
    schedule, terms = part.schedule(central), part.serving.terms
    return schedule is not None and isinstance(terms, OwnedTerms) and int(schedule.installed.max()) > terms.existing


def _device(part: PricedPart) -> str:
    platform = part.draft.platform
    return "such device" if platform is None else platform.device.name


def _trials(best: PricedOption, central: Inputs) -> list[str]:
    """Return what to try out before signing, for each kind of supply that the option has."""
    steps: list[str] = []
    terms = {type(part.serving.terms) for part in best.parts}
    if ApiTerms in terms:
        steps.append("Measure the API's latency with your own prompts at your busiest hour.")
        steps.append("Agree an exit: the same open model is sold by others, so keep prompts and tests portable.")
    if RentedTerms in terms:
        steps.append("Rent one instance for a day and run your own requests against it.")
    owned = [part for part in best.parts if isinstance(part.serving.terms, OwnedTerms)]
    if (bought := next((part for part in owned if _is_bought(part, central)), None)) is not None:
        steps.append(f"Rent one {_device(bought)} for a day and run your own requests against it before you order.")
    elif owned:
        steps.append(f"Run your own requests on the {_device(owned[0])} that you have before you rely on it.")
    return steps


def _figure(value: float) -> str:
    """Return a number with three significant digits and thousands separators."""
    if value == 0.0:
        return "0"
    if abs(value) >= 1000.0:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"
