"""Sovereignty and air gap of an option: worst part, union of needs, whose word, and never better than the facts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from small_scenarios import CHAT, HALL, ROOM, TODAY, TOKENS, chat_plan, plan, scenario, two_workloads_plan

from millwright.fleet.platform import platforms
from millwright.law.evaluate import LawFinding
from millwright.law.facts import question_of
from millwright.law.load import load_rules
from millwright.plan.demand import WorkloadDemand, workload_demand
from millwright.plan.draft import Draft
from millwright.plan.drafts import drafts
from millwright.plan.model import AirGap, Kind, Option, Sovereignty, Verdict
from millwright.plan.sovereign import Sovereigns
from millwright.scenario.load import LoadedScenario

CUT_OFF_ROOM = ROOM.replace("kind: owned", "kind: owned, air_gap: true")
EUROPEAN = "{name: european, kind: cloud, providers: [scaleway, ovhcloud]}"
AMERICAN = "{name: american, kind: cloud, providers: [aws, azure]}"


def _score(option: Option) -> Sovereignty:
    assert option.sovereignty is not None
    return option.sovereignty


def _air_gap(option: Option) -> AirGap:
    assert option.air_gap is not None
    return option.air_gap


def _level(found: Sovereignty, objective: str) -> tuple[int, int]:
    return next((each.level_low, each.level_high) for each in found.objectives if each.id == objective)


def _judge(loaded: LoadedScenario) -> tuple[Sovereigns, list[Draft]]:
    one = loaded.scenario.workloads[0]
    asked = workload_demand(one, loaded.catalog.model(one.model), loaded.patterns[one.name], 12, seed=0)
    found = drafts(loaded.scenario, [asked], loaded.catalog, load_rules(), TODAY).found
    return Sovereigns(loaded.scenario, loaded.catalog, load_rules(), TODAY), found


def test_every_option_has_a_score_of_eight_objectives_and_an_air_gap() -> None:
    for option in chat_plan().options:
        found = _score(option)
        assert 0.0 <= found.score.low == found.score.value <= found.score.high <= 100.0
        assert [each.weight for each in found.objectives] == [15, 10, 10, 15, 20, 15, 10, 5]
        low = sum(each.weight * each.level_low for each in found.objectives) / 4.0
        assert abs(found.score.low - low) < 1e-6
        assert found.seal_low == min(each.level_low for each in found.objectives)
        assert _air_gap(option).bring_in or _air_gap(option).cannot


def test_a_score_that_is_open_says_what_to_answer() -> None:
    for option in chat_plan().options:
        found = _score(option)
        assert bool(found.missing) is (found.score.low < found.score.high)
        assert all(each.question == question_of(each.fact) for each in found.missing)


def test_an_answer_that_holds_names_who_claims_it() -> None:
    answers = [a for option in chat_plan().options for o in _score(option).objectives for a in o.answers]
    assert all(bool(each.claimed_by) is (each.verdict != "unknown") for each in answers)


def test_an_api_or_a_cloud_is_never_air_gapped() -> None:
    reached = [option for option in chat_plan().options if option.kind in (Kind.API, Kind.CLOUD)]
    assert {option.kind for option in reached} == {Kind.API, Kind.CLOUD}
    for option in reached:
        assert _air_gap(option).feasible == "no"
        assert any(each.blocks for each in _air_gap(option).cannot)


def test_a_room_that_is_cut_off_is_feasible_only_with_everything_brought_in() -> None:
    cut_off = plan(scenario(CHAT, (CUT_OFF_ROOM,)))
    assert cut_off.options
    for option in cut_off.options:
        found = _air_gap(option)
        assert (found.feasible, found.cut_off) == ("yes", True)
        assert {"weights", "images", "driver", "tokenizer", "time"} <= {each.id for each in found.bring_in}
        assert not any(each.blocks for each in found.cannot)
    assert not any(_air_gap(option).cut_off for option in chat_plan().options)


def test_the_list_follows_the_engine_and_the_vendor() -> None:
    def needs(host: str, engine: str) -> set[str]:
        room = f"{{name: room, kind: owned, hosts: [{host}]}}"
        judge, [draft, *_] = _judge(scenario(CHAT, (room,), f"limits: {{engines: [{engine}]}}"))
        return {each.id for each in judge.air_gap([draft]).bring_in}

    assert {"nvidia-licence", "usage-statistics"} <= needs("server-l40s-4", "vllm")
    assert needs("server-l40s-4", "llama.cpp").isdisjoint({"usage-statistics", "kernels"})
    assert "nvidia-licence" not in needs("mi300x-8", "vllm")


def test_a_region_under_american_control_scores_lower_in_law_than_a_european_provider() -> None:
    loaded = scenario(CHAT, (EUROPEAN, AMERICAN))
    judge = Sovereigns(loaded.scenario, loaded.catalog, load_rules(), TODAY)

    def levels(site: Any) -> set[tuple[int, int]]:
        there, _ = platforms(site, loaded.catalog, loaded.scenario.limits)
        asked = SimpleNamespace(workload=loaded.scenario.workloads[0], model=loaded.catalog.model("llama-3.1-8b"))
        found = [
            Draft(cast(WorkloadDemand, asked), site.name, cast(LawFinding, None), platform)
            for platform in there
            if platform.country in ("DE", "FR", "IE")
        ]
        return {_level(judge.sovereignty([draft]), "SOV-2") for draft in found}

    law = {site.name: levels(site) for site in loaded.scenario.sites}
    assert law["american"]
    assert law["european"]
    assert max(high for _, high in law["american"]) < min(low for low, _ in law["european"])


def test_parts_together_are_as_sovereign_as_the_weakest_and_want_what_each_wants() -> None:
    judge, found = _judge(scenario())
    own = next(draft for draft in found if draft.kind is Kind.OWNED)
    api = next(draft for draft in found if draft.kind is Kind.API)
    both, alone = judge.sovereignty([own, api]), [judge.sovereignty([own]), judge.sovereignty([api])]
    for objective in both.objectives:
        assert _level(both, objective.id) == (
            min(_level(each, objective.id)[0] for each in alone),
            min(_level(each, objective.id)[1] for each in alone),
        )
    assert both.score.low <= min(each.score.low for each in alone)
    gap = judge.air_gap([own, api])
    assert gap.feasible == "no"
    assert {each.id for each in gap.bring_in} == {each.id for each in judge.air_gap([own]).bring_in}
    assert {each.id for each in judge.air_gap([api]).cannot} <= {each.id for each in gap.cannot}


def test_the_engine_we_choose_is_a_known_fact_and_the_scenario_may_deny_it() -> None:
    judge, [draft, *_] = _judge(scenario(CHAT, (HALL,)))
    answers = next(each.answers for each in judge.sovereignty([draft]).objectives if each.id == "SOV-6")
    assert {each.facts for each in answers if each.verdict == "unknown"} >= {("site.open_interfaces",)}
    denied = HALL.replace("kind: colo", "kind: colo, facts: {open_interfaces: true, open_source_engine: false}")
    judge, [draft, *_] = _judge(scenario(CHAT, (denied,)))
    assert _level(judge.sovereignty([draft]), "SOV-6") == (1, 1)


def test_a_thousand_options_of_the_same_places_are_judged_once() -> None:
    judge, found = _judge(scenario())
    scores = [judge.sovereignty([draft]) for _ in range(1000 // len(found) + 1) for draft in found]
    assert len({id(each) for each in scores}) <= len(found)


def test_an_option_for_several_workloads_is_judged_as_a_whole() -> None:
    assert all(option.sovereignty is not None and option.air_gap is not None for option in two_workloads_plan().options)


def test_ranked_by_sovereignty_what_is_known_to_be_most_sovereign_comes_first() -> None:
    by_score = plan(scenario(CHAT, (ROOM, TOKENS), "limits: {objective: sovereignty}"))
    for verdict in Verdict:
        lows = [_score(option).score.low for option in by_score.options if option.law.verdict is verdict]
        assert lows == sorted(lows, reverse=True)
    assert len({_score(option).score.low for option in by_score.options}) > 1


def test_what_is_known_of_an_own_room_is_the_scenarios_word_and_of_a_provider_the_catalogues() -> None:
    def words(kind: Kind) -> set[str]:
        option = next(option for option in chat_plan().options if option.kind is kind)
        strategic = next(each for each in _score(option).objectives if each.id == "SOV-1")
        return {each.claimed_by for each in strategic.answers if each.claimed_by}

    assert words(Kind.OWNED) == {"the scenario"}
    assert words(Kind.CLOUD) == {"the catalogue"}
