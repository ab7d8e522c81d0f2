"""Kleene's logic and the conditions built on it, as laws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.law.areas import Area, Areas, Membership
from millwright.law.expression import All, AnyOf, Condition, FactTest, Not, Operand, Relation, World
from millwright.law.facts import AND_PERHAPS_OTHERS
from millwright.law.grammar import ConditionError, read_condition
from millwright.law.kleene import Verdict, conjunction, disjunction, negation

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN
verdicts = st.sampled_from(Verdict)
DAY = dt.date(2026, 6, 1)
AREAS = Areas(
    {
        "EU": Area("EU", "", (Membership("DE"), Membership("FR"), Membership("GB", until=dt.date(2020, 1, 31)))),
        "EEA": Area("EEA", "", (Membership("NO"),), ("EU",)),
    }
)


def world(**facts: Any) -> World:
    return World({name.replace("__", "."): value for name, value in facts.items()}, AREAS, DAY)


@given(st.lists(verdicts))
def test_de_morgan_holds(values: list[Verdict]) -> None:
    assert negation(conjunction(values)) is disjunction(map(negation, values))


@given(verdicts)
def test_double_negation_is_the_thing_itself(value: Verdict) -> None:
    assert negation(negation(value)) is value


@given(st.lists(verdicts), st.lists(verdicts))
def test_order_and_grouping_do_not_matter(left: list[Verdict], right: list[Verdict]) -> None:
    assert conjunction([*left, *right]) is conjunction([conjunction(right), conjunction(left)])


@given(verdicts, verdicts, verdicts)
def test_each_spreads_over_the_other_and_takes_it_in(one: Verdict, two: Verdict, three: Verdict) -> None:
    spread = disjunction((conjunction((one, two)), conjunction((one, three))))
    assert conjunction((one, disjunction((two, three)))) is spread
    assert conjunction((one, disjunction((one, two)))) is one
    assert disjunction((one, conjunction((one, two)))) is one
    assert conjunction((one, one)) is disjunction((one, one)) is one


@given(verdicts)
def test_yes_and_no_are_neutral_or_decide(value: Verdict) -> None:
    assert conjunction((value, YES)) is disjunction((value, NO)) is value
    assert conjunction((value, NO)) is NO
    assert disjunction((value, YES)) is YES


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (YES, UNKNOWN, UNKNOWN, YES),
        (NO, UNKNOWN, NO, UNKNOWN),
        (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
        (YES, NO, NO, YES),
    ],
)
def test_unknown_yields_only_to_what_decides(left: Verdict, right: Verdict, both: Verdict, either: Verdict) -> None:
    assert conjunction((left, right)) is both
    assert disjunction((left, right)) is either


FACTS: Mapping[str, st.SearchStrategy[Any]] = {
    "site.air_gapped": st.booleans(),
    "site.dpf_certified": st.booleans(),
    "site.operator_country": st.sampled_from(["DE", "US", "NO"]),
    "site.rest_countries": st.lists(st.sampled_from(["DE", "FR", "US", "EU"]), max_size=3).map(tuple),
    "site.support_countries": st.lists(st.sampled_from(["DE", "NO", "IN"]), max_size=3).map(tuple),
    "workload.monthly_active_users": st.floats(0, 1e9),
}
tests = st.one_of(
    st.sampled_from(["site.air_gapped", "site.dpf_certified"]).map(lambda fact: FactTest(fact, Relation.HOLDS)),
    st.sampled_from(["DE", "EU", "EEA"]).map(
        lambda area: FactTest("site.operator_country", Relation.IN, Operand((area,)))
    ),
    st.builds(
        lambda fact, relation, area: FactTest(fact, relation, Operand((area,))),
        st.sampled_from(["site.rest_countries", "site.support_countries"]),
        st.sampled_from([Relation.ALL_IN, Relation.ANY_IN, Relation.HAS, Relation.GIVEN]),
        st.sampled_from(["DE", "EU", "EEA"]),
    ),
    st.just(FactTest("site.rest_countries", Relation.ALL_IN, Operand(fact="site.support_countries"))),
    st.just(FactTest("workload.monthly_active_users", Relation.ABOVE, Operand(("700000000",)))),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    tests,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda each: All(tuple(each))),
        st.lists(parts, min_size=1, max_size=3).map(lambda each: AnyOf(tuple(each))),
        parts.map(Not),
    ),
    max_leaves=8,
)
whole_worlds = st.fixed_dictionaries(dict(FACTS))


@given(conditions, whole_worlds, st.sets(st.sampled_from(sorted(FACTS))))
def test_a_further_fact_never_turns_an_answer_round(
    condition: Condition, facts: dict[str, Any], forgotten: set[str]
) -> None:
    knows_all = World(facts, AREAS, DAY)
    knows_less = World({name: None if name in forgotten else value for name, value in facts.items()}, AREAS, DAY)
    before = condition.value(knows_less)
    assert before is UNKNOWN or before is condition.value(knows_all)


@given(conditions, whole_worlds, st.sets(st.sampled_from(sorted(FACTS))))
def test_a_proof_agrees_with_the_answer_and_names_what_is_missing(
    condition: Condition, facts: dict[str, Any], forgotten: set[str]
) -> None:
    here = World({name: None if name in forgotten else value for name, value in facts.items()}, AREAS, DAY)
    proof = condition.proof(here)
    assert proof.verdict is condition.value(here)
    assert set(condition.missing(here)) <= condition.facts()
    if forgotten and proof.verdict is UNKNOWN and "EU" not in facts["site.rest_countries"]:
        assert set(condition.missing(here)) & forgotten


@given(conditions)
def test_a_condition_reads_back_as_it_was_written(condition: Condition) -> None:
    again = read_condition(str(condition))
    assert str(again) == str(condition) or again.facts() == condition.facts()


@given(conditions, whole_worlds)
def test_a_condition_read_back_answers_alike(condition: Condition, facts: dict[str, Any]) -> None:
    here = World(facts, AREAS, DAY)
    assert read_condition(str(condition)).value(here) is condition.value(here)


@pytest.mark.parametrize(
    ("places", "answer"),
    [
        (("DE", "FR"), YES),
        ((), YES),
        (("DE", "US"), NO),
        (("EU",), YES),
        (("EEA",), UNKNOWN),
        (("DE", AND_PERHAPS_OTHERS), UNKNOWN),
        (("US", AND_PERHAPS_OTHERS), NO),
        (None, UNKNOWN),
        (("GB",), NO),
    ],
)
def test_places_lie_within_an_area_or_not_or_perhaps(places: tuple[str, ...] | None, answer: Verdict) -> None:
    condition = read_condition("site.rest_countries all in EU")
    assert condition.value(world(site__rest_countries=places)) is answer


def test_an_area_is_as_it_was_on_the_day() -> None:
    condition = read_condition("site.rest_countries all in EU")
    facts = {"site.rest_countries": ("GB",)}
    assert condition.value(World(facts, AREAS, dt.date(2020, 1, 31))) is YES
    assert condition.value(World(facts, AREAS, dt.date(2020, 2, 1))) is NO


def test_brackets_bind_before_and_and_and_before_or() -> None:
    plain = read_condition("site.air_gapped or site.dpf_certified and site.baa_signed")
    bracketed = read_condition("(site.air_gapped or site.dpf_certified) and site.baa_signed")
    facts = world(site__air_gapped=True, site__dpf_certified=False, site__baa_signed=False)
    assert (plain.value(facts), bracketed.value(facts)) == (YES, NO)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("site.air_gaped", "Did you mean site.air_gapped"),
        ("site.air_gapped and", "ends too early"),
        ("(site.air_gapped", r"'\)' is missing"),
        ("site.rest_countries all EU", "'in' is missing"),
        ("site.air_gapped site.kind", "left over"),
        ('site.kind is "owned', "unclosed"),
        ("site.kind in [cloud, ]", "stands where a word should"),
    ],
)
def test_a_faulty_condition_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(ConditionError, match=says):
        read_condition(text)
