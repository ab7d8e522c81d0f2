"""The best mixed fleet of a scenario, and the questions asked around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from millwright.fleet.optimum.problem import LATENCY, SPARES, Measure, MixProblem, VendorLimit
from millwright.fleet.optimum.questions import (
    Conflict,
    FrontPoint,
    LimitPrice,
    conflict,
    front,
    price_of_limits,
)
from millwright.fleet.optimum.refine import refined
from millwright.fleet.optimum.solve import GAP, Fleet, TooLongError, solve
from millwright.fleet.optimum.thin import shortlisted, thinned
from millwright.integer_program import Effort
from millwright.plan.costing import Inputs
from millwright.plan.minders import Staff, lcot
from millwright.plan.mix_option import SAME, is_no_other_than, option_of_fleet
from millwright.plan.mix_proof import MOST_ROUNDS, SEARCH, Proved, Tell, prove
from millwright.plan.mix_question import MixQuestion
from millwright.plan.mix_supplies import UNKNOWN_FACT
from millwright.plan.priced import PricedOption
from millwright.plan.terms import Pricing
from millwright.scenario.model import Objective

QUESTION = Effort(GAP, nodes=60, time_s=8.0)
"""Effort for each question beside it: the price of a limit, the best that is a mix."""

FRONT = Effort(gap=0.02, nodes=3, time_s=5.0)
"""Effort for each point of a front: to within two per cent is enough to see what less of one costs in the other."""

FEW = 2
"""Kinds of machine at each site among which it is asked whether sharing helps, beside those of the fleet without."""


@dataclass(frozen=True)
class BestMix:
    """The best fleet, its proof, and what it costs as the plan counts.

    `priced` is None where nobody can run it. `option` is what the plan lists: None also where the fleet is no other
    than one of its single offers.
    """

    question: MixQuestion
    fleet: Fleet
    proved: Proved
    priced: PricedOption | None
    option: PricedOption | None
    looked_at: int
    left_out: int


@dataclass(frozen=True)
class Yardstick:
    """What a mix is priced by and held against: the plan's other options, its prices, and who would run it.

    `tell` hears how far the search is.
    """

    singles: Sequence[PricedOption]
    pricing: Pricing
    central: Inputs
    staff: Staff
    tell: Tell

    def option(self, question: MixQuestion, fleet: Fleet) -> PricedOption | None:
        """Return the option that a fleet is; None where nobody can run it."""
        return option_of_fleet(question, fleet, self.pricing, self.staff)

    def lcot(self, option: PricedOption) -> float:
        """Return what a million tokens cost [currency/Mtok]."""
        return lcot(option, self.central)

    def wanted(self, question: MixQuestion) -> MixProblem:
        """Return the problem of a question, for the least of what the scenario wants least."""
        return replace(question.problem, measure=measure_of(self.pricing.scenario.limits.objective))

    def prove(self, question: MixQuestion, fleet: Fleet) -> tuple[Fleet, Proved]:
        """Return the fleet whose simulation keeps every promise. Raises TooLongError."""
        return prove(question, fleet, self.pricing.scenario.limits.confidence, self.tell)


def best_mix(question: MixQuestion, yardstick: Yardstick) -> BestMix | None:
    """Return the best fleet that keeps every limit, None where there is none or the solver found none in time.

    Its option is none where one of the single options is the same, or where nobody can run it.
    Fleets that are known to be lawful go first; only where there is none may a fact be missing.
    """
    wanted = yardstick.wanted(question)
    problem = shortlisted(thinned(wanted))
    yardstick.tell("seeking the best mix", 0, MOST_ROUNDS)
    try:
        fleet = solve(problem, SEARCH)
        if fleet is None:
            problem = problem.without(UNKNOWN_FACT)
            fleet = solve(problem, SEARCH)
        if fleet is None:
            return None
        fleet, proved = yardstick.prove(question, refined(problem, fleet, QUESTION))
    except TooLongError:
        return None
    left_out = len(wanted.machines) - len(problem.machines)
    looked_at = len(wanted.machines) + len(wanted.tokens)
    return _described(BestMix(question, fleet, proved, None, None, looked_at, left_out), yardstick)


def _described(mix: BestMix, yardstick: Yardstick) -> BestMix:
    """Return a fleet with the option that it is, priced as all others are."""
    priced = yardstick.option(mix.question, mix.fleet)
    known = priced is None or any(is_no_other_than(priced, one, yardstick.central) for one in yardstick.singles)
    return replace(mix, priced=priced, option=None if known else priced)


def or_second(mix: BestMix, second: Fleet, yardstick: Yardstick) -> BestMix:
    """Return the fleet that is a mix, simulated, where the plan's own prices make it cheaper than `mix`; else `mix`.

    The optimum counts rented machines by the period, the plan by the hour, and an early start may suit one better.
    """

    def dearer(option: PricedOption | None, share: float) -> bool:
        """Return whether `option` costs no less than this share of what `mix` does."""
        if option is None:
            return True
        return mix.priced is not None and yardstick.lcot(option) >= yardstick.lcot(mix.priced) * share

    if dearer(yardstick.option(mix.question, second), SAME):
        return mix
    known = {each.id: each for each in mix.fleet.problem.machines}
    fleet = replace(
        second,
        problem=mix.fleet.problem,
        holdings=tuple(replace(each, machines=known[each.machines.id]) for each in second.holdings),
        bound=mix.fleet.bound,
    )
    try:
        fleet, proved = yardstick.prove(mix.question, fleet)
    except TooLongError:
        return mix
    found = _described(replace(mix, fleet=fleet, proved=proved), yardstick)
    return mix if dearer(found.option, 1.0) else found


def sharing_helps(question: MixQuestion, without: BestMix, yardstick: Yardstick) -> bool:
    """Return whether machines shared by lanes make a fleet cheaper than the one `without` them and than any single
    option: sought among few kinds of machine, as they tie all workloads' questions together, which takes long to solve.
    """
    problem = yardstick.wanted(question)
    few = shortlisted(thinned(problem), FEW)
    there = {each.id for each in few.machines} | set(without.fleet.supplies)
    few = replace(few, machines=tuple(each for each in problem.machines if each.id in there))
    try:
        fleet = solve(few, QUESTION)
    except TooLongError:
        return False
    if fleet is None or not any(each.machines.lanes for each in fleet.holdings):
        return False
    option = yardstick.option(question, fleet)
    rivals = [each for each in (without.priced, *yardstick.singles) if each is not None]
    return option is not None and all(yardstick.lcot(option) < yardstick.lcot(each) * SAME for each in rivals)


def measure_of(objective: Objective) -> Measure:
    """Return what the optimum has least of, by the scenario's objective; purchases are ranked, not optimised."""
    return {Objective.CARBON: Measure.CARBON, Objective.ENERGY: Measure.ENERGY}.get(objective, Measure.COST)


def second_best(mix: BestMix, most_share: float = 0.9) -> Fleet | None:
    """Return the best fleet in which no supply serves more than `most_share` of the tokens: the best that is a mix."""
    problem = mix.fleet.problem
    apart = replace(
        problem,
        machines=tuple(replace(each, vendor=each.id) for each in problem.machines),
        tokens=tuple(replace(each, vendor=each.id) for each in problem.tokens),
        limits=(
            *(limit for limit in problem.limits if not isinstance(limit, VendorLimit)),
            VendorLimit("no mix", most_share),
        ),
    )
    try:
        return solve(apart, QUESTION)
    except TooLongError:
        return None


def limit_prices(mix: BestMix) -> tuple[LimitPrice, ...]:
    """Return what each limit of the fleet costs, and what all that the law asks costs together, dearest first."""
    labels = mix.fleet.problem.labels
    figures = {limit.label for limit in mix.fleet.problem.limits}
    legal = tuple(label for label in labels if label not in figures | {SPARES, LATENCY, UNKNOWN_FACT})
    sets: list[tuple[str, ...]] = [(label,) for label in labels if label != UNKNOWN_FACT]
    if len(legal) > 1:
        sets.append(legal)
    return price_of_limits(mix.fleet, sets, QUESTION)


def carbon_front(mix: BestMix) -> tuple[FrontPoint, ...]:
    """Return the fleets between the least cost and the least carbon, where the carbon of machines is known."""
    problem = mix.fleet.problem
    if not any(each.footprint_known for each in problem.machines):
        return ()
    return front(problem, Measure.CARBON, effort=FRONT)


def what_conflicts(problem: MixProblem) -> Conflict | None:
    """Return the smallest set of limits in conflict; None where even without any nothing serves."""
    try:
        return conflict(shortlisted(thinned(problem)), QUESTION)
    except ValueError:
        return None
