"""The examples that the README tells of: each is planned, and its plan says what the example is there to show."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from millwright.catalog.catalog import load_catalog
from millwright.cli.main import app
from millwright.plan.make import make_plan
from millwright.plan.model import Decision, Kind, Option, Plan, Stage
from millwright.plan.plan_file import plan_as_json
from millwright.scenario.load import load_scenario

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
INFEASIBLE = "infeasible"
"""The example whose answer is that there is none, and why."""

NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/scenario.yaml") if path.parent.name != INFEASIBLE)
NARROW = ("mixed-fleet", "existing-hardware", "search-and-answer")
"""Examples that name the machines they look at."""

CATALOG = load_catalog()


@cache
def _plan(name: str) -> Plan:
    return make_plan(load_scenario(EXAMPLES / name / "scenario.yaml", CATALOG), today=dt.date(2026, 11, 21))


def test_there_are_examples() -> None:
    assert {"small-office", "hospital-chat", "batch-summaries", "code-assistant"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_has_an_answer(name: str) -> None:
    plan = _plan(name)
    assert plan.answer.decision is not Decision.NONE
    assert plan.answer.option_id == plan.options[0].id
    assert plan.answer.next_steps
    assert "NaN" not in plan_as_json(plan)


@pytest.mark.parametrize("name", NAMES)
def test_no_option_warns_twice_of_the_same_device(name: str) -> None:
    for option in _plan(name).options:
        unmeasured = [each.split(" was at hand")[0] for each in option.warnings if each.startswith("No measurement of")]
        assert len(unmeasured) == len(set(unmeasured)), option.title


@pytest.mark.parametrize("name", [each for each in NAMES if each not in NARROW])
def test_every_device_of_the_catalogue_is_an_option_or_refused(name: str) -> None:
    plan = _plan(name)
    planned = {part.device for option in plan.options for part in option.fleet}
    refused = {one.device for one in plan.refused}
    assert {device.id for device in CATALOG.devices()} <= planned | refused


def test_a_small_office_does_not_buy_and_learns_when_it_would() -> None:
    answer = _plan("small-office").answer
    assert answer.decision not in (Decision.OWN, Decision.COLO)
    assert answer.sentence.startswith("Don't buy machines")
    about_demand = [turn for turn in answer.turns if turn.what == "demand"]
    assert about_demand
    assert all("times today's demand" in turn.sentence for turn in about_demand)


def test_a_hospitals_data_stay_in_the_eu_under_no_foreign_law() -> None:
    plan = _plan("hospital-chat")
    for option in plan.options:
        for part in option.fleet:
            if part.country:
                assert "EU" in CATALOG.country(part.country).legal_areas, option.title
            if part.provider:
                provider = CATALOG.provider(part.provider)
                assert provider.controlling_jurisdiction != "US", option.title
                assert provider.us_cloud_act_exposure != "yes", option.title
    by_law = {one.provider for one in plan.refused if one.reasons[0].stage is Stage.LAW}
    assert {"aws", "azure", "gcp"} & by_law


def test_a_hospital_learns_which_facts_are_missing() -> None:
    plan = _plan("hospital-chat")
    unknown = [option for option in plan.options if option.law.verdict == "unknown"]
    assert unknown
    assert all(any("unknown until you say" in text for text in option.warnings) for option in unknown)
    assert plan.options[0].law.verdict == "yes"


def test_summaries_of_the_night_are_told_in_tokens_a_second() -> None:
    plan = _plan("batch-summaries")
    machines = [option for option in plan.options if option.kind is not Kind.API]
    assert machines
    for option in machines:
        performance = option.fleet[0].performance
        assert performance is not None
        assert performance.output_tokens_per_s is not None
        assert performance.output_tokens_per_s.value > 0.0
        assert performance.ttft is None


def test_the_nights_work_is_done_by_morning() -> None:
    plan = _plan("batch-summaries")
    documents_per_s = 200_000 / (8 * 3600.0)
    for option in plan.options:
        performance = option.fleet[0].performance
        if performance is not None:
            assert performance.capacity.value >= documents_per_s


def test_code_completion_keeps_its_promise_on_the_leading_machines() -> None:
    plan = _plan("code-assistant")
    limits = {limit.metric: limit.limit_s for limit in plan.workloads[0].slo}
    leading: list[Option] = [option for option in plan.options if option.kind is not Kind.API][:10]
    assert len(leading) == 10
    for option in leading:
        performance = option.fleet[0].performance
        assert performance is not None
        assert performance.ttft is not None
        assert performance.tpot is not None
        assert performance.ttft.p95.value <= limits["ttft"] * 1.02, option.title
        assert performance.tpot.p95.value <= limits["tpot"] * 1.02, option.title
        assert performance.planned_rate_per_replica_per_s <= performance.goodput_per_replica.value


def test_of_three_kinds_of_gpu_a_mix_beats_the_best_of_them_alone() -> None:
    plan = _plan("mixed-fleet")
    assert plan.mix is not None
    assert plan.mix.gap <= 0.005
    assert plan.mix.against_single is not None
    assert plan.mix.against_single < -0.05
    kinds = {part.device for part in plan.options[0].fleet}
    assert len(kinds) > 1
    assert kinds <= {"l4", "a100-sxm-80", "h100-sxm"}
    assert plan.mix.proof is not None
    assert plan.mix.proof.kept


def test_what_is_owned_already_is_used_and_the_plan_says_what_to_add() -> None:
    mix = _plan("existing-hardware").mix
    assert mix is not None
    used = {each.supply.split("/")[1] for each in mix.purchases if each.action == "use"}
    assert used == {"hgx-a100-4", "server-l40s-2"}
    assert any(each.held in ("bought", "on-demand") for each in mix.supplies)
    assert mix.gap <= 0.005


def test_search_ranking_and_answers_share_machines_for_less_than_each_has_its_own() -> None:
    plan = _plan("search-and-answer")
    best = plan.options[0]
    assert {part.workload for part in best.fleet if part.shares} == {"search", "rank", "answer"}
    assert sum(part.hosts for part in best.fleet) == 2
    assert plan.sharing is not None
    assert plan.sharing.sentence in {trial.text for trial in plan.sharing.trials}
    price = {each.workload: each.per_million_requests for each in best.cost.by_workload}
    assert 0.0 < price["search"] < price["rank"] < price["answer"]
    assert "Shared by search, rank and answer" in plan.answer.sentence
    limits = {workload.name: workload.slo for workload in plan.workloads}
    for part in best.fleet:
        assert part.performance is not None
        for limit in limits[part.workload]:
            assert getattr(part.performance, limit.metric).p95.value <= limit.limit_s


def test_wishes_in_conflict_are_named_with_what_each_would_have_to_be() -> None:
    answer = _plan(INFEASIBLE).answer
    assert answer.decision is Decision.NONE
    assert answer.conflict is not None
    assert set(answer.conflict.limits) == {"sovereignty", "power of room"}
    [power] = [way for way in answer.conflict.ways_out if way.limit == "power of room"]
    assert power.unit == "kW"
    assert power.least is not None
    assert power.least > 3.0
    assert {way.sentence for way in answer.conflict.ways_out} <= set(answer.next_steps)


def test_wishes_in_conflict_end_with_status_1() -> None:
    done = CliRunner().invoke(app, ["plan", str(EXAMPLES / INFEASIBLE / "scenario.yaml"), "--as-of", "2026-11-21"])
    assert done.exit_code == 1
    told = " ".join(done.output.split())
    assert "the sovereignty and the power of room together" in told
