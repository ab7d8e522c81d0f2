"""From answers to a dated plan: which actions close the gaps at least cost, in which order, and what they bring."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from millwright.readiness.actions import Action, ActionBook, Size, gaps, load_actions, points, size_of
from millwright.readiness.assessment import Assessment, AxisScore, Range, axis_scores
from millwright.readiness.choice import Limits, best_within, cheapest_cover, total_cost
from millwright.readiness.gates import Effect, Gate, GateFinding, Needs, State, concerns, gate_findings, load_gates
from millwright.readiness.questions import load_questions
from millwright.readiness.timetable import Slot, timetable

ASSUMED_HOURS_PER_MONTH = 40.0
"""Own hours a month for getting ready where the answers say nothing: a judgement, shown as assumed."""

QUARTER_WEEKS, QUARTER_MONTHS = 13, 3
MORE_MEANS = 10.0
"""The view of haves and have-nots also shows what so many times the budget and hours would reach."""

KINDS = ("api", "cloud", "colo", "owned")


@dataclass(frozen=True)
class Planned:
    """An action with its dates, its cost [currency], the gaps it closes, and the gates that are passed by it."""

    action: Action
    slot: Slot
    start: dt.date
    end: dt.date
    cost: Range
    monthly: Range
    gaps: tuple[str, ...]
    gates: tuple[Gate, ...]
    points: float
    instead: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roadmap:
    """The dated actions, the scores before and after them, and what stays open.

    `out_of_reach` are gaps that no action for this size closes; `unknown` counts questions without an answer, which are
    no gaps yet.
    """

    actions: tuple[Planned, ...]
    size: Size
    currency: str
    hours_per_month: float
    hours_assumed: bool
    before: tuple[AxisScore, ...]
    after: tuple[AxisScore, ...]
    out_of_reach: tuple[str, ...]
    unknown: int

    @property
    def hours(self) -> Range:
        """Return the own hours of all actions."""
        return _sum([each.action.hours for each in self.actions])

    @property
    def cost(self) -> Range:
        """Return the money that all actions take once [currency]."""
        return _sum([each.cost for each in self.actions])

    @property
    def monthly(self) -> Range:
        """Return the money a month once all actions are done [currency/month]."""
        return _sum([each.monthly for each in self.actions])

    @property
    def conditions_met(self) -> dt.date | None:
        """Return the day on which the last action ends that a gate asks for; None where there is none."""
        return max((each.end for each in self.actions if each.gates), default=None)

    @property
    def until(self) -> dt.date | None:
        """Return the day on which the last action ends."""
        return max((each.end for each in self.actions), default=None)


@dataclass(frozen=True)
class Reach:
    """What can be done in a quarter with some means: actions, the lower ends of the scores, and which kinds open.

    `open_kinds` are kinds of options that no gate blocks, as far as the answers tell.
    """

    label: str
    budget: float
    hours: float
    actions: tuple[str, ...]
    scores: tuple[AxisScore, ...]
    open_kinds: tuple[str, ...]
    clear_kinds: tuple[str, ...]


def targets_for(needs: Needs, least: int = 0) -> dict[str, int]:
    """Return the level each question should reach: its own target, `least`, or what a gate of these options asks."""
    asked = [each for each in load_questions().questions.values() if each.kinds & needs.kinds]
    found = {each.id: max(each.target, least) for each in asked}
    for gate in load_gates():
        if concerns(gate, needs):
            found[gate.question] = max(found.get(gate.question, 0), gate.level)
    return found


def make_roadmap(
    assessment: Assessment,
    needs: Needs,
    start: dt.date,
    per_usd: float = 1.0,
    least: int = 0,
    book: ActionBook | None = None,
) -> Roadmap:
    """Return the least-cost actions that bring every answered question to its target, on a calendar from `start`.

    `per_usd` turns USD into the organisation's currency. Raises ValueError where the hours do not suffice.
    """
    book = book or load_actions()
    means = assessment.means
    size = size_of(means.employees)
    actions = book.suited(size, needs.kinds)
    wanted = gaps(assessment, targets_for(needs, least))
    chosen, out_of_reach = cheapest_cover(wanted, actions, assessment, book.hour_usd)
    hours = ASSUMED_HOURS_PER_MONTH if means.hours_per_month is None else means.hours_per_month
    gates = {each.gate for each in gate_findings(assessment, needs) if each.state is State.NOT_PASSED}
    order = _order(chosen, actions, assessment, gates, book)
    slots = timetable(chosen, actions, hours, order) if chosen else ()
    planned = [_planned(slot, actions, assessment, wanted, gates, start, per_usd, set(chosen)) for slot in slots]
    reached: dict[str, int] = {}
    for each in chosen:
        for question, level in actions[each].closes.items():
            reached[question] = max(level, reached.get(question, 0))
    return Roadmap(
        tuple(planned),
        size,
        means.currency,
        hours,
        means.hours_per_month is None,
        axis_scores(assessment),
        axis_scores(assessment.improved(reached)),
        out_of_reach,
        len(load_questions().questions) - len(assessment.answers),
    )


def _order(
    chosen: Sequence[str],
    actions: Mapping[str, Action],
    assessment: Assessment,
    gates: set[Gate],
    book: ActionBook,
) -> list[str]:
    """Return the actions by urgency: what opens a blocked option first, then conditions, then points for the money.

    What an urgent action needs is as urgent as that action.
    """

    def own(each: str) -> tuple[int, float]:
        passed = [gate for gate in gates if actions[each].closes.get(gate.question, -1) >= gate.level]
        rank = 0 if any(gate.effect is Effect.BLOCK for gate in passed) else 1 if passed else 2
        gained = sum(points(assessment, question, level) for question, level in actions[each].closes.items())
        return rank, -gained / (total_cost(actions[each], book.hour_usd) + 100.0)

    urgency = {each: own(each) for each in chosen}
    for _ in chosen:  # a chain has at most as many links as there are actions
        for each in chosen:
            for need in actions[each].needs:
                if need in urgency:
                    urgency[need] = min(urgency[need], urgency[each])
    return sorted(chosen, key=lambda each: (urgency[each], each))


def _planned(
    slot: Slot,
    actions: Mapping[str, Action],
    assessment: Assessment,
    wanted: Mapping[str, int],
    gates: set[Gate],
    start: dt.date,
    per_usd: float,
    chosen: set[str],
) -> Planned:
    action = actions[slot.action]
    first, last = slot.dates(start)
    closed = tuple(question for question, level in action.closes.items() if level >= wanted.get(question, 99))
    passed = tuple(
        gate for gate in load_gates() if gate in gates and action.closes.get(gate.question, -1) >= gate.level
    )
    return Planned(
        action,
        slot,
        first,
        last,
        _times(action.cost_usd, per_usd),
        _times(action.monthly_usd, per_usd),
        closed,
        passed,
        sum(points(assessment, question, level) for question, level in action.closes.items()),
        tuple(
            each.id
            for each in actions.values()
            if action.way and each.way == action.way and each.id != action.id and each.id not in chosen
        ),
    )


def haves_and_have_nots(
    assessment: Assessment, needs: Needs, per_usd: float = 1.0, book: ActionBook | None = None
) -> tuple[Reach, ...]:
    """Return what a quarter can bring with no money, with one's own means, and with ten times as much.

    Costs count at their high end, so that the money suffices. Where the answers give no budget, own means are left out.
    """
    book = book or load_actions()
    means = assessment.means
    actions = book.suited(size_of(means.employees), needs.kinds)
    worth = targets_for(needs)
    given = {question: level for question, level in worth.items() if question in assessment.answers}
    hours = QUARTER_MONTHS * (ASSUMED_HOURS_PER_MONTH if means.hours_per_month is None else means.hours_per_month)
    budget = means.budget_per_quarter
    cases = [("no money", 0.0, hours)]
    if budget is not None:
        more = (f"{MORE_MEANS:g} times as much", MORE_MEANS * budget, MORE_MEANS * hours)
        cases += [("your means", budget, hours), more]
    return tuple(
        _reach(label, money, own_hours, actions, assessment, given, needs, per_usd) for label, money, own_hours in cases
    )


def _reach(
    label: str,
    budget: float,
    hours: float,
    actions: Mapping[str, Action],
    assessment: Assessment,
    worth: Mapping[str, int],
    needs: Needs,
    per_usd: float,
) -> Reach:
    limits = Limits(budget / per_usd, hours, QUARTER_WEEKS, QUARTER_MONTHS)
    chosen = best_within(limits, actions, assessment, worth)
    reached: dict[str, int] = {}
    for each in chosen:
        for question, level in actions[each].closes.items():
            reached[question] = max(level, reached.get(question, 0))
    then = assessment.improved(reached)
    return Reach(
        label,
        budget,
        hours,
        chosen,
        axis_scores(then),
        open_kinds(then, needs),
        tuple(kind for kind, found in findings_by_kind(then, needs).items() if not found),
    )


def findings_by_kind(assessment: Assessment, needs: Needs) -> dict[str, tuple[GateFinding, ...]]:
    """Return the gates that each kind of option does not pass for sure."""
    return {kind: gate_findings(assessment, _of_kind(needs, kind)) for kind in KINDS if kind in needs.kinds}


def open_kinds(assessment: Assessment, needs: Needs) -> tuple[str, ...]:
    """Return the kinds of options that no gate blocks, as far as the answers tell."""
    found = findings_by_kind(assessment, needs)
    return tuple(kind for kind, findings in found.items() if not any(each.blocks for each in findings))


def _of_kind(needs: Needs, kind: str) -> Needs:
    return Needs(frozenset({kind}), needs.data_classes, needs.around_the_clock)


def _times(each: Range, factor: float) -> Range:
    return Range(each.low * factor, each.high * factor)


def _sum(ranges: Sequence[Range]) -> Range:
    return Range(sum(each.low for each in ranges), sum(each.high for each in ranges))
