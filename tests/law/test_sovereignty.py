"""The sovereignty score and the air-gap list: weights, levels, intervals that narrow, and what cannot be carried in."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.law.air_gap import Carried, Need, air_gap, all_together, load_needs
from millwright.law.engines import is_open_source
from millwright.law.evaluate import world_of
from millwright.law.facts import SiteFacts, WorkloadFacts
from millwright.law.kleene import Verdict
from millwright.law.load import load_rules
from millwright.law.sovereignty import TOP_LEVEL, SovereigntyScore, load_objectives, sovereignty, weakest

RULES = load_rules()
TODAY = dt.date(2026, 11, 21)
OPEN_MODEL = WorkloadFacts(open_weights=True)
FRANKFURT = SiteFacts(
    kind="cloud",
    rest_countries=("DE",),
    processing_countries=("DE",),
    operator_country="US",
    controlling_jurisdiction="US",
    compelling_jurisdictions=("DE", "US"),
    trains_on_inputs=False,
    key_holder="operator",
)
OWN_ROOM = SiteFacts(
    kind="owned",
    rest_countries=("DE",),
    processing_countries=("DE",),
    operator_country="DE",
    controlling_jurisdiction="DE",
    compelling_jurisdictions=("DE",),
    trains_on_inputs=False,
    key_holder="customer",
    support_countries=("DE",),
    telemetry_countries=(),
    subprocessor_countries=(),
    open_interfaces=True,
    open_source_engine=True,
    eu_hardware=False,
)


def score(site: SiteFacts, workload: WorkloadFacts = OPEN_MODEL) -> SovereigntyScore:
    return sovereignty(world_of(RULES, workload, site, TODAY), {"site.kind"})


def test_the_weights_are_the_frameworks_and_add_up_to_a_hundred() -> None:
    assert [each.weight for each in load_objectives()] == [15, 10, 10, 15, 20, 15, 10, 5]
    assert all(len(each.levels) == TOP_LEVEL for each in load_objectives())


def test_nothing_known_may_be_anything() -> None:
    found = score(SiteFacts(), WorkloadFacts())
    assert (found.low, found.high) == (0.0, 100.0)
    assert (found.seal_low, found.seal_high) == (0, 4)


def test_an_own_room_is_more_sovereign_than_frankfurt() -> None:
    assert score(OWN_ROOM).low > score(FRANKFURT).low
    levels = {each.id: (each.low, each.high) for each in score(FRANKFURT).objectives}
    assert levels["SOV-1"] == (0, 0)
    assert levels["SOV-2"] == (1, 1)
    assert levels["SOV-3"] == (2, 2)


def test_a_score_worked_out_by_hand() -> None:
    # SOV-1: 3, SOV-2: 4, SOV-3: 4, SOV-4: 3, SOV-6: 3, all others 0.
    expected = (15 * 3 + 10 * 4 + 10 * 4 + 15 * 3 + 15 * 3) / 4
    assert score(OWN_ROOM).low == pytest.approx(expected)


def test_a_level_counts_only_with_all_lower_ones() -> None:
    site = replace(FRANKFURT, key_holder="customer", trains_on_inputs=True)
    assert next(each for each in score(site).objectives if each.id == "SOV-3").low == 1


def test_each_answer_names_its_facts_and_whose_word_it_is() -> None:
    answers = [answer for objective in score(OWN_ROOM).objectives for answer in objective.answers]
    assert all(answer.facts for answer in answers)
    assert {answer.claimed_by for answer in answers if answer.verdict is Verdict.UNKNOWN} == {""}
    assert {"the scenario", "the catalogue"} <= {answer.claimed_by for answer in answers}
    assert "site.eu_financed" in score(OWN_ROOM).missing_facts


FACTS = ["operator_country", "controlling_jurisdiction", "compelling_jurisdictions", "key_holder", "support_countries"]


@given(st.sets(st.sampled_from(FACTS)))
def test_a_further_fact_only_narrows_the_score(forgotten: set[str]) -> None:
    less, whole = score(replace(OWN_ROOM, **dict.fromkeys(forgotten))), score(OWN_ROOM)
    assert less.low <= whole.low
    assert whole.high <= less.high


@pytest.mark.parametrize(
    ("kind", "feasible"),
    [
        ("owned", Verdict.YES),
        ("colo", Verdict.YES),
        ("cloud", Verdict.NO),
        ("api", Verdict.NO),
        (None, Verdict.UNKNOWN),
    ],
)
def test_only_machines_of_ones_own_can_be_cut_off(kind: str | None, feasible: Verdict) -> None:
    found = air_gap(kind)
    assert found.feasible is feasible
    assert bool(found.obstacles) is (feasible is Verdict.NO)


def test_the_list_names_what_every_room_needs() -> None:
    found = {each.id for each in air_gap("owned", ["vllm"], ["nvidia"]).needs}
    assert {"weights", "tokenizer", "images", "driver", "time", "certificates", "usage-statistics"} <= found
    assert "nvidia-licence" in found
    assert "nvidia-licence" not in {each.id for each in air_gap("owned", ["vllm"], ["amd"]).needs}
    assert "usage-statistics" not in {each.id for each in air_gap("owned", ["llama.cpp"], ["nvidia"]).needs}


def test_every_need_says_how() -> None:
    assert all(each.how.endswith(".") for each in load_needs())
    assert {each.carried_in for each in load_needs()} == set(Carried)


@pytest.mark.parametrize("need", [each for each in load_needs() if each.blocks and "owned" in each.kinds], ids=str)
def test_a_room_can_be_cut_off_only_if_everything_that_blocks_can_be_brought_in(need: Need) -> None:
    assert need in air_gap("owned").brought_in
    without = [replace(each, carried_in=Carried.NO) if each == need else each for each in load_needs()]
    found = air_gap("owned", needs=without)
    assert found.feasible is Verdict.NO
    assert [each.id for each in found.obstacles] == [need.id]


def test_an_engine_is_meant_by_any_of_its_names() -> None:
    assert air_gap("owned", ["vLLM"]) == air_gap("owned", ["vllm"])
    assert "kernels" in {each.id for each in air_gap("owned", ["TensorRT-LLM"]).needs}


def test_parts_together_want_what_each_wants_and_are_cut_off_only_if_all_can_be() -> None:
    owned, api, open_ended = air_gap("owned"), air_gap("api"), air_gap(None)
    assert set(all_together([owned, api]).needs) == {*owned.needs, *api.needs}
    assert all_together([owned, api]).feasible is Verdict.NO
    assert all_together([owned, open_ended]).feasible is Verdict.UNKNOWN
    assert all_together([owned, owned]) == owned


def test_places_together_are_as_sovereign_as_the_weakest_in_each_objective() -> None:
    both = weakest([score(OWN_ROOM), score(FRANKFURT)])
    pairs = zip(both.objectives, score(OWN_ROOM).objectives, score(FRANKFURT).objectives, strict=True)
    for together, one, other in pairs:
        assert (together.low, together.high) == (min(one.low, other.low), min(one.high, other.high))
    assert both.low <= min(score(OWN_ROOM).low, score(FRANKFURT).low)
    assert weakest([score(OWN_ROOM)]) == score(OWN_ROOM)


def test_an_engine_whose_licence_is_not_known_is_not_said_to_be_open() -> None:
    assert is_open_source("vLLM") is True
    assert is_open_source("my-own-engine") is None
