"""The published plan: what its models accept, and that its file is whole or as it was."""

from __future__ import annotations

import importlib.util
import json
import math
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from millwright.errors import InputError
from millwright.plan.model import (
    Answer,
    Cost,
    CurvePoint,
    Decision,
    EstimateValue,
    FleetPart,
    Header,
    Kind,
    Law,
    Option,
    People,
    Plan,
    Power,
    Verdict,
    plan_schema,
)
from millwright.plan.odds import odds_in_words, odds_scale
from millwright.plan.plan_file import plan_as_json, read_plan, write_plan
from millwright.quantity import Basis, Estimate

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


def _option(option_id: str, rank: int) -> Option:
    one = EstimateValue.exact(1.0, "EUR")
    return Option(
        id=option_id,
        rank=rank,
        title="Tokens from an API",
        kind=Kind.API,
        fleet=(FleetPart(workload="chat", kind=Kind.API, site="api", offer="api/llama", model="llama"),),
        cost=Cost(
            lcot=one, npv_of_costs=one, capex=one, opex_per_month=one, by_cause=(), cash_flow=(), probability_best=1.0
        ),
        power=Power(),
        law=Law(verdict=Verdict.YES),
        people=People(fte=EstimateValue.exact(0.1, "FTE")),
    )


def _plan(options: tuple[Option, ...], answer_id: str | None = None) -> Plan:
    return Plan(
        header=Header(
            millwright_version="0",
            created="2026-08-14",
            scenario_name="small",
            scenario_hash="0",
            currency="EUR",
            horizon_months=48,
            discount_rate_per_year=0.08,
            catalogue_date="2026-08-01",
            rule_base_version="1",
            seed=0,
            disclaimer="No legal advice.",
        ),
        answer=Answer(sentence="Don't buy.", decision=Decision.TOKENS, option_id=answer_id, probability=0.93),
        workloads=(),
        options=options,
    )


@pytest.mark.parametrize(("low", "value", "high"), [(2.0, 1.0, 3.0), (0.0, 4.0, 3.0), (3.0, 2.0, 1.0)])
def test_an_estimate_lies_in_its_interval(low: float, value: float, high: float) -> None:
    with pytest.raises(ValidationError, match="low <= value <= high"):
        EstimateValue(value=value, low=low, high=high, unit="s")


@given(st.lists(finite, min_size=3, max_size=3).map(sorted), st.sampled_from(Basis))
def test_an_estimate_is_published_without_loss(numbers: list[float], basis: Basis) -> None:
    low, value, high = numbers
    published = EstimateValue.of(Estimate(value, low, high, basis), "s")
    assert (published.low, published.value, published.high, published.basis) == (low, value, high, basis)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_must_be_known_is_never_nan(bad: float) -> None:
    with pytest.raises(ValidationError):
        EstimateValue(value=bad, low=bad, high=bad, unit="s")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_may_be_unknown_becomes_null(bad: float) -> None:
    point = CurvePoint(rate_per_s=1.0, value_s=bad, high_s=bad)
    assert point.value_s is None
    assert json.loads(point.model_dump_json())["high_s"] is None


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Law.model_validate({"verdict": "yes", "verdikt": "no"})


def test_a_plan_cannot_be_changed() -> None:
    plan = _plan(())
    with pytest.raises(ValidationError, match="frozen"):
        plan.answer.sentence = "Buy."


def test_two_options_never_share_an_id() -> None:
    with pytest.raises(ValidationError, match="same id"):
        _plan((_option("a", 1), _option("a", 2)))


def test_options_stand_in_the_order_of_their_rank() -> None:
    with pytest.raises(ValidationError, match="ranked"):
        _plan((_option("a", 2), _option("b", 1)))


def test_the_answer_is_one_of_the_options() -> None:
    with pytest.raises(ValidationError, match="which the plan does not have"):
        _plan((_option("a", 1),), "b")


def test_an_unknown_option_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="a, b"):
        _plan((_option("a", 1), _option("b", 2))).option("c")


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_words_for_odds_never_fall_as_the_odds_rise(one: float, other: float) -> None:
    order = [words for _, words in reversed(odds_scale())]
    low, high = sorted((one, other))
    assert order.index(odds_in_words(low)) <= order.index(odds_in_words(high))


@pytest.mark.parametrize(
    ("probability", "words"),
    [(1.0, "almost certain"), (0.9, "very likely"), (0.899, "likely"), (0.5, "about even"), (0.0, "almost impossible")],
)
def test_the_same_odds_have_the_same_words(probability: float, words: str) -> None:
    assert odds_in_words(probability) == words
    answer = Answer(sentence="-", decision=Decision.NONE, option_id=None, probability=probability)
    assert answer.odds == words


@pytest.mark.parametrize("bad", [-0.01, 1.01, math.nan])
def test_no_words_for_what_is_no_probability(bad: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        odds_in_words(bad)


def test_the_schema_is_a_schema_and_the_plan_keeps_it() -> None:
    schema = plan_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    content = json.loads(plan_as_json(_plan((_option("a", 1),), "a")))
    jsonschema.validate(content, schema)
    content["options"][0]["cost"]["lcot"]["value"] = "cheap"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)


def test_a_written_plan_reads_back_the_same(tmp_path: Path) -> None:
    plan = _plan((_option("a", 1),), "a")
    write_plan(plan, tmp_path / "out" / "plan.json")
    assert read_plan(tmp_path / "out" / "plan.json") == plan
    assert os.listdir(tmp_path / "out") == ["plan.json"]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_ctrl_c_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    path = tmp_path / "plan.json"
    old = _plan(())
    write_plan(old, path)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, moment, interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_plan(_plan((_option("a", 1),), "a"), path)
    monkeypatch.undo()
    assert read_plan(path) == old
    assert os.listdir(tmp_path) == ["plan.json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "no plan"),
        ('{"header": {"schema_version": "9.0"}}', "plan schema '9.0'"),
        ('{"header": {"schema_version": "1.0"}}', "header.millwright_version"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_remedy(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_plan(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert "millwright plan" in str(error.value)


def test_a_missing_plan_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_plan(tmp_path / "none.json")


def test_the_reference_page_is_made_from_this_schema() -> None:
    repository = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location("reference", repository / "scripts" / "write_plan_reference.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (repository / "docs" / "plan-json.md").read_text(encoding="utf-8")
    assert page == script.reference(), "say: python scripts/write_plan_reference.py"
    for name, definition in plan_schema()["$defs"].items():
        assert f"\n## {name}\n" in page
        for field in definition.get("properties", {}):
            assert f"| `{field}` |" in page
