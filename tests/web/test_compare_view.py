"""What has changed between two plans of one question, and whether somebody would now decide otherwise."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from millwright.plan.make import make_plan
from millwright.plan.model import Origin, Plan
from millwright.scenario.load import read_scenario
from millwright.web.library.compare import compare_plans
from millwright.web.routes import examples

TEXT: str = examples.SCENARIO["scenario"]["value"]["scenario"]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(read_scenario(TEXT, Path("scenario.yaml")), today=dt.date(2026, 9, 1), draws=64)


def with_value(plan: Plan, id_: str, value: float) -> Plan:
    changed = tuple(each.model_copy(update={"value": value}) if each.id == id_ else each for each in plan.assumptions)
    return plan.model_copy(update={"assumptions": changed})


def test_a_plan_does_not_differ_from_itself(plan: Plan) -> None:
    found = compare_plans(plan, plan, TEXT, TEXT)
    assert not found.flips
    assert not found.scenario_changed
    assert (found.prices, found.catalogue_values, found.other_values, found.law) == ((), (), (), ())
    assert (found.program, found.rules, found.catalogue, found.scenario_diff) == (None, None, None, ())
    assert {each.rank_before - each.rank_after for each in found.options} == {0}
    assert found.sentence.startswith("The decision holds")


def test_a_price_that_moved_is_told_with_both_values(plan: Plan) -> None:
    price = next(each for each in plan.assumptions if each.origin is Origin.CATALOGUE and each.unit == "USD")
    assert isinstance(price.value, float | int)
    [change] = compare_plans(plan, with_value(plan, price.id, price.value * 1.5)).prices
    assert change.id == price.id
    assert change.ratio == pytest.approx(1.5)
    assert change.source_before == change.source_after != ""


def test_a_catalogue_value_that_is_no_price_stands_apart(plan: Plan) -> None:
    other = next(
        each for each in plan.assumptions if each.origin is Origin.CATALOGUE and each.unit in ("W", "B/s", "B")
    )
    found = compare_plans(plan, with_value(plan, other.id, 1.0))
    assert [each.id for each in found.catalogue_values] == [other.id]
    assert found.prices == ()


def test_another_best_option_flips_the_decision_and_so_does_another_kind_of_answer(plan: Plan) -> None:
    second = plan.options[1]
    other_option = plan.model_copy(update={"answer": plan.answer.model_copy(update={"option_id": second.id})})
    found = compare_plans(plan, other_option)
    assert found.flips
    assert "with another option" in found.sentence
    nothing = plan.model_copy(
        update={
            "answer": plan.answer.model_copy(update={"option_id": None, "decision": "no feasible option"}),
            "options": (),
        }
    )
    gone = compare_plans(plan, nothing)
    assert gone.flips
    assert len(gone.gone_options) == len(plan.options)
    assert f"flips from {plan.answer.decision} to no feasible option" in gone.sentence


def test_a_changed_scenario_is_shown_line_by_line(plan: Plan) -> None:
    changed = TEXT.replace("requests_per_day: 5000", "requests_per_day: 9000")
    found = compare_plans(plan, plan, TEXT, changed)
    assert [line[0] for line in found.scenario_diff if line[0] in "+-" and line[:3] not in ("+++", "---")] == ["-", "+"]
    assert compare_plans(plan, plan, TEXT, None).scenario_diff == ()


def test_comparing_backwards_tells_the_same_changes_the_other_way_round(plan: Plan) -> None:
    price = next(each for each in plan.assumptions if each.origin is Origin.CATALOGUE and each.unit == "USD")
    assert isinstance(price.value, float | int)
    dearer = with_value(plan, price.id, price.value * 2)
    [forth], [back] = compare_plans(plan, dearer).prices, compare_plans(dearer, plan).prices
    assert (forth.before, forth.after) == (back.after, back.before)
