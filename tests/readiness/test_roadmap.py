"""The roadmap: cheapest cover and best use of means equal brute force, nothing begins too early, hours are kept."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Mapping

import pytest

from millwright.readiness.actions import Action, Size, is_done, load_actions, points, size_of
from millwright.readiness.answers_file import load_answers
from millwright.readiness.assessment import Answer, Assessment, Evidence, Means, Range, axis_scores
from millwright.readiness.choice import Limits, best_within, cheapest_cover, total_cost
from millwright.readiness.gates import Needs, gate_findings
from millwright.readiness.questions import load_questions
from millwright.readiness.roadmap import haves_and_have_nots, make_roadmap, open_kinds, targets_for
from millwright.readiness.timetable import timetable
from millwright.spans import WEEKS_PER_MONTH

QUESTIONS = sorted(load_questions().questions)
HOUR = Range(45.0, 90.0)
START = dt.date(2026, 12, 1)
ALL_KINDS = Needs(frozenset({"owned", "colo", "cloud", "api"}), frozenset({"personal"}))


def _small_case(seed: int) -> tuple[dict[str, Action], Assessment, dict[str, int]]:
    draw = random.Random(seed)
    asked = draw.sample(QUESTIONS, 5)
    actions: dict[str, Action] = {}
    for number in range(draw.randint(3, 8)):
        closes = {question: draw.randint(1, 4) for question in draw.sample(asked, draw.randint(1, 3))}
        needs = tuple(draw.sample(sorted(actions), draw.choice((0, 0, 1)))) if actions else ()
        hours, cost = float(draw.randint(2, 40)), float(draw.randint(0, 3000))
        monthly = float(draw.choice((0, 0, 100)))
        actions[f"a{number}"] = Action(
            f"a{number}", "t", "d", closes, Range(hours / 2, hours), draw.randint(1, 8), Range(cost / 3, cost),
            Range(0.0, monthly), "o", needs,
        )  # fmt: skip
    answers = {question: Answer(draw.randint(0, 3), draw.choice(list(Evidence)), "seen") for question in asked}
    gaps = {question: draw.randint(1, 4) for question in asked}
    return actions, Assessment(answers), {q: to for q, to in gaps.items() if answers[q].level < to}


def _closed_under_needs(chosen: tuple[str, ...], actions: Mapping[str, Action], assessment: Assessment) -> bool:
    return all(need in chosen or is_done(actions[need], assessment) for each in chosen for need in actions[each].needs)


def _subsets(ids: list[str]) -> list[tuple[str, ...]]:
    return [subset for size in range(len(ids) + 1) for subset in itertools.combinations(ids, size)]


@pytest.mark.parametrize("seed", range(40))
def test_the_cover_costs_what_brute_force_finds(seed: int) -> None:
    actions, assessment, gaps = _small_case(seed)
    chosen, out_of_reach = cheapest_cover(gaps, actions, assessment, HOUR)
    wanted = {question: to for question, to in gaps.items() if question not in out_of_reach}
    ids = [each for each in actions if not is_done(actions[each], assessment)]

    def covers(subset: tuple[str, ...]) -> bool:
        return _closed_under_needs(subset, actions, assessment) and all(
            any(actions[each].closes.get(question, -1) >= to for each in subset) for question, to in wanted.items()
        )

    def cost(subset: tuple[str, ...]) -> float:
        return sum(total_cost(actions[each], HOUR) for each in subset)

    assert covers(chosen)
    assert cost(chosen) == pytest.approx(min(cost(subset) for subset in _subsets(ids) if covers(subset)))


@pytest.mark.parametrize("seed", range(40))
def test_the_best_use_of_means_is_what_brute_force_finds_and_keeps_them(seed: int) -> None:
    actions, assessment, _ = _small_case(seed)
    worth = dict.fromkeys(assessment.answers, 3)
    limits = Limits(cost_usd=3000.0, hours=60.0, weeks=10)
    ids = [each for each in actions if not is_done(actions[each], assessment)]

    def chain(each: str) -> int:
        needs = [need for need in actions[each].needs if not is_done(actions[need], assessment)]
        return actions[each].weeks + max(map(chain, needs), default=0)

    def kept(subset: tuple[str, ...]) -> bool:
        money = sum(actions[each].cost_usd.high + 3 * actions[each].monthly_usd.high for each in subset)
        hours = sum(actions[each].hours.high for each in subset)
        within = money <= limits.cost_usd + 1e-6 and hours <= limits.hours + 1e-6
        return within and _closed_under_needs(subset, actions, assessment) and all(chain(e) <= 10 for e in subset)

    def gained(subset: tuple[str, ...]) -> float:
        return sum(
            max(
                (points(assessment, q, min(actions[e].closes[q], 3)) for e in subset if q in actions[e].closes),
                default=0.0,
            )
            for q in worth
        )

    chosen = best_within(limits, actions, assessment, worth)
    assert kept(chosen)
    best = max(gained(subset) for subset in _subsets(ids) if kept(subset))
    assert gained(chosen) == pytest.approx(best, abs=1e-3)


@pytest.mark.parametrize("seed", range(30))
def test_nothing_begins_before_what_it_needs_and_no_week_has_too_many_hours(seed: int) -> None:
    actions, _, _ = _small_case(seed)
    hours = random.Random(seed).choice((10.0, 40.0, 400.0))
    slots = {slot.action: slot for slot in timetable(sorted(actions), actions, hours, sorted(actions))}
    assert set(slots) == set(actions)
    for each, slot in slots.items():
        assert slot.end_week - slot.start_week >= actions[each].weeks
        assert all(slots[need].end_week <= slot.start_week for need in actions[each].needs)
    for begin, finish in itertools.combinations(range(max(slot.end_week for slot in slots.values()) + 1), 2):
        within = sum(s.hours for s in slots.values() if s.start_week >= begin and s.end_week <= finish)
        assert within <= (finish - begin) * hours / WEEKS_PER_MONTH + 1e-6
    assert any(slot.critical for slot in slots.values())
    chain = sorted((slot for slot in slots.values() if slot.critical), key=lambda slot: slot.start_week)
    assert chain[0].start_week == 0, "what sets the end is explained back to the first week"
    last = max(slots.values(), key=lambda slot: slot.end_week)
    assert any(slot.critical and slot.end_week == last.end_week for slot in slots.values())


def test_more_hours_never_make_the_example_later() -> None:
    answers = load_answers("examples/small-office/readiness.yaml")
    ends = []
    for hours in (10.0, 20.0, 80.0, 1000.0):
        means = Means(answers.means.employees, "EUR", hours, 3000.0)
        roadmap = make_roadmap(Assessment(answers.answers, means), ALL_KINDS, START)
        assert roadmap.until is not None
        ends.append(roadmap.until)
    assert ends == sorted(ends, reverse=True)


def test_hours_that_do_not_suffice_are_told() -> None:
    answers = load_answers("examples/small-office/readiness.yaml")
    with pytest.raises(ValueError, match="do not suffice"):
        make_roadmap(Assessment(answers.answers, Means(hours_per_month=0.5)), ALL_KINDS, START)


def test_after_the_roadmap_every_gap_is_closed_and_every_known_gate_passed() -> None:
    answers = load_answers("examples/small-office/readiness.yaml")
    roadmap = make_roadmap(answers, ALL_KINDS, START)
    reached = {question: max(each.action.closes.get(question, 0) for each in roadmap.actions) for question in QUESTIONS}
    then = answers.improved({question: level for question, level in reached.items() if level})
    for question, target in targets_for(ALL_KINDS).items():
        if question in answers.answers and question not in roadmap.out_of_reach:
            assert then.answers[question].level >= target, question
    assert not [each for each in gate_findings(then, ALL_KINDS) if each.gate.question in answers.answers]
    for before, after in zip(roadmap.before, roadmap.after, strict=True):
        assert after.score.low >= before.score.low
    assert [each.score for each in roadmap.before] == [each.score for each in axis_scores(answers)]


def test_who_has_more_reaches_no_less() -> None:
    for example in ("small-office", "hospital-chat"):
        reaches = haves_and_have_nots(load_answers(f"examples/{example}/readiness.yaml"), ALL_KINDS)
        lows = [sum(score.score.low for score in reach.scores) for reach in reaches]
        assert reaches[0].label == "no money"
        assert lows == sorted(lows)
        actions = load_actions().actions
        assert sum(actions[each].cost_usd.high for each in reaches[0].actions) == 0.0


def test_a_blocked_option_is_opened_first() -> None:
    answers = {question: Answer(1) for question in QUESTIONS} | {"compute-room": Answer(0)}
    assessment = Assessment(answers, Means(30, "EUR", 20.0))
    owned = Needs(frozenset({"owned"}))
    assert open_kinds(assessment, owned) == ()
    roadmap = make_roadmap(assessment, owned, START)
    opening = next(each for each in roadmap.actions if any(gate.id == "a-room-for-machines" for gate in each.gates))
    assert opening.start == START


def test_every_question_can_be_raised_to_its_target_by_some_action() -> None:
    """In each size of organisation, for each kind of option."""
    for size, kind in itertools.product(Size, ("owned", "colo", "cloud", "api")):
        actions = load_actions().suited(size, frozenset({kind})).values()
        for question in load_questions().questions.values():
            best = max((each.closes.get(question.id, 0) for each in actions), default=0)
            assert best >= question.target or kind not in question.kinds, (size, kind, question.id)


def test_actions_need_actions_that_the_same_sizes_can_take_and_never_each_other() -> None:
    book = load_actions().actions
    assert len(book) >= 40
    for action in book.values():
        assert action.hours.low <= action.hours.high
        assert action.weeks >= 1
        seen, waiting = set[str](), list(action.needs)
        while waiting:
            need = waiting.pop()
            assert need != action.id
            assert action.sizes <= book[need].sizes
            assert action.kinds <= book[need].kinds
            if need not in seen:
                seen.add(need)
                waiting += book[need].needs


def test_sizes_by_employees() -> None:
    assert [size_of(each) for each in (1, 9, 10, 49, 50, 249, 250, None)] == [
        Size.MICRO, Size.MICRO, Size.SMALL, Size.SMALL, Size.MEDIUM, Size.MEDIUM, Size.LARGE, Size.SMALL,
    ]  # fmt: skip
