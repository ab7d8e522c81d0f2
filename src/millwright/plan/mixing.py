"""The mixed fleet of a plan: the best mix with its prices, front and proof; or the conflict that prevents it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from millwright.fleet.optimum.questions import Conflict as FoundConflict
from millwright.fleet.optimum.questions import FrontPoint, LimitPrice
from millwright.plan.costing import Inputs
from millwright.plan.crew import staffed
from millwright.plan.draft import Draft
from millwright.plan.drafts import searched
from millwright.plan.making import Making
from millwright.plan.minders import minders
from millwright.plan.mix_model import Conflict, Mix
from millwright.plan.mix_publish import published_conflict, published_mix
from millwright.plan.mix_question import MixQuestion, mix_question
from millwright.plan.mixed import (
    BestMix,
    Yardstick,
    best_mix,
    carbon_front,
    limit_prices,
    or_second,
    second_best,
    sharing_helps,
    what_conflicts,
)
from millwright.plan.priced import PricedOption
from millwright.plan.terms import Pricing


@dataclass(frozen=True)
class Mixing:
    """What came of mixing: the best fleet and the questions asked around it, or the limits in conflict, or neither."""

    question: MixQuestion
    best: BestMix | None
    prices: tuple[LimitPrice, ...] = ()
    points: tuple[FrontPoint, ...] = ()
    second: PricedOption | None = None
    """The best fleet that is a mix, where the best of all is none; None where there is none that anybody can run."""
    conflict: FoundConflict | None = None

    def among(self, options: Sequence[PricedOption]) -> Mixing:
        """Return the same with its option left out where it is none of `options` after all."""
        if self.best is None or self.best.option is None or self.best.option.id in {each.id for each in options}:
            return self
        return replace(self, best=replace(self.best, option=None))

    def published(self, singles: Sequence[PricedOption], pricing: Pricing, central: Inputs) -> Mix | None:
        """Return the best mix as published, against the plan's `singles`; None where there is none."""
        if self.best is None:
            return None
        return published_mix(self.best, self.prices, self.points, self.second, singles, pricing, central)

    def published_conflict(self, pricing: Pricing, central: Inputs) -> Conflict | None:
        """Return the limits in conflict as published; None where a fleet keeps them all."""
        if self.conflict is None:
            return None
        return published_conflict(self.conflict, self.question, pricing, central)


def mixed_fleet(
    making: Making,
    known: Sequence[Draft],
    singles: Sequence[PricedOption],
    by_lanes: Sequence[Sequence[Draft]] = (),
) -> Mixing | None:
    """Return the mixed fleet of all drafts that are `known`, those set aside included; None where nothing could serve.

    `singles` are the plan's other options: a mix that is one of them is told, not listed twice. What was refused for
    want of people is not mixed in either. Machines that workloads can share `by_lanes` are supplies like the others,
    where a question of few supplies finds that a fleet with them costs less than the best without, and than sharing
    them alone. The fleets between least cost and least carbon take as long as all the rest of it.
    """
    asked, pricing, central = making.asked, making.pricing, making.central

    def staff(option: PricedOption) -> PricedOption | None:
        crew = making.crew
        return option if crew is None else next(iter(staffed([option], crew, pricing, central, [])), None)

    yardstick = Yardstick(singles, pricing, central, staff, making.clock.tell)
    who = minders(known, singles, making.refused if len(asked) == 1 else (), pricing, central, staff)
    question = mix_question(asked, known, pricing, central, who)
    best = best_mix(question, yardstick)
    if by_lanes:
        shared = mix_question(asked, known, pricing, central, who, by_lanes)
        if best is not None and not sharing_helps(shared, best, yardstick):
            by_lanes = ()
        elif (with_lanes := best_mix(shared, yardstick)) is not None:
            question, best = shared, with_lanes
    if best is not None and best.priced is not None and best.priced.go_live_month != who.start:
        # it goes live in another month than the best single offer: seek again for the months that it serves
        who = replace(who, start=best.priced.go_live_month)
        question = mix_question(asked, known, pricing, central, who, by_lanes)
        best = best_mix(question, yardstick)
    if best is None:
        question = mix_question(asked, _looked_into(making, known), pricing, central, who)
        found = what_conflicts(question.problem)
        return None if found is None else Mixing(question, None, conflict=found)
    second = None
    if best.option is None and (apart := second_best(best)) is not None:
        best = or_second(best, apart, yardstick)
        second = yardstick.option(question, apart)
    points = carbon_front(best) if making.depth.front else ()
    return Mixing(question, best, limit_prices(best), points, second)


def _looked_into(making: Making, known: Sequence[Draft]) -> list[Draft]:
    """Return the drafts with what machines serve that were set aside for law, and so not searched."""
    clock = making.clock
    return searched(known, making.scenario, clock.tell if clock.progress else None, making.calibration)
