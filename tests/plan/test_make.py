"""The plan from end to end, on scenarios that take a second: whole, in order, the same every time."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from small_scenarios import (
    ALL_SITES,
    CHAT,
    CLOUD,
    DRAWS,
    NIGHT,
    ROOM,
    TODAY,
    TOKENS,
    chat_plan,
    plan,
    scenario,
    two_workloads_plan,
)

from millwright.errors import InputError
from millwright.plan.make import make_plan
from millwright.plan.model import Decision, Kind, Plan, Stage, Verdict, plan_schema
from millwright.plan.plan_file import plan_as_json

PLANS = pytest.mark.parametrize("made", [chat_plan, two_workloads_plan], ids=lambda made: made.__name__)


def _without_times(made: Plan) -> str:
    return plan_as_json(made.model_copy(update={"timings": ()}))


def _everything(content: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, content
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in pairs:
        yield from _everything(value, f"{path}.{key}")


# --- the file ---------------------------------------------------------------------------------------------------


def test_the_same_call_gives_the_same_plan() -> None:
    assert _without_times(plan(scenario())) == _without_times(chat_plan())


def test_another_seed_gives_other_numbers_and_the_same_advice() -> None:
    other = plan(scenario(), seed=7)
    assert _without_times(other) != _without_times(chat_plan())
    assert other.answer.decision is chat_plan().answer.decision
    assert other.header.seed == 7


@PLANS
def test_the_file_keeps_to_its_schema(made: Any) -> None:
    jsonschema.Draft202012Validator(plan_schema()).validate(json.loads(plan_as_json(made())))


@PLANS
def test_every_number_is_finite(made: Any) -> None:
    content = json.loads(plan_as_json(made()), parse_constant=lambda name: pytest.fail(f"{name} in the plan"))
    assert all(math.isfinite(value) for _, value in _everything(content) if isinstance(value, float))


@PLANS
def test_every_interval_holds_its_value_and_says_its_basis(made: Any) -> None:
    content = json.loads(plan_as_json(made()))
    estimates = [(path, each) for path, each in _everything(content) if isinstance(each, dict) and "basis" in each]
    assert len(estimates) > 50
    for path, each in estimates:
        assert each["low"] <= each["value"] <= each["high"], path
        assert each["basis"] in ("measured", "fitted", "extrapolated", "datasheet", "assumed"), path
        assert each["unit"], path


@PLANS
def test_prices_of_options_are_uncertain(made: Any) -> None:
    for option in made().options:
        assert option.cost.lcot.low < option.cost.lcot.high
        assert option.cost.opex_per_month.low < option.cost.opex_per_month.high
        assert (option.cost.capex.low < option.cost.capex.high) or option.cost.capex.value == 0.0


@PLANS
def test_what_is_refused_has_a_reason_with_its_text(made: Any) -> None:
    refused = made().refused
    assert refused
    for one in refused:
        assert one.reasons
        assert all(reason.summary and reason.text for reason in one.reasons)
        assert one.title
        assert one.workload


def test_the_header_says_what_it_was_made_from() -> None:
    header = chat_plan().header
    assert header.created == TODAY.isoformat()
    assert header.currency == "EUR"
    assert header.horizon_months == 48
    assert header.scenario_name == "small"
    assert header.catalogue_date <= TODAY.isoformat()
    assert "not legal advice" in header.disclaimer


# --- confidence -------------------------------------------------------------------------------------------------


def _chances(made: Plan) -> list[float]:
    parts = [part.performance for option in made.options for part in option.fleet]
    return [each.probability_slo_met for each in parts if each is not None and each.probability_slo_met is not None]


@PLANS
def test_machines_keep_the_slo_with_the_confidence_asked_for(made: Any) -> None:
    chances = _chances(made())
    assert len(chances) > 3
    assert min(chances) >= 0.8 - 1e-6
    assert any(each.path == "limits.confidence" and each.value == "80 %" for each in made().assumptions)


def test_more_confidence_takes_more_machines() -> None:
    def hosts(confidence: str) -> int:
        made = plan(scenario(sites=(ROOM,), more=f"limits: {{confidence: {confidence}, spares: 0}}"))
        assert min(_chances(made)) >= float(confidence.rstrip(" %")) / 100.0 - 1e-6
        return sum(part.hosts for option in made.options for part in option.fleet)

    assert hosts("50 %") < hosts("95 %")


# --- ranks ------------------------------------------------------------------------------------------------------


@PLANS
def test_options_are_ranked_by_cost_within_the_lawful(made: Any) -> None:
    options = made().options
    assert [option.rank for option in options] == list(range(1, len(options) + 1))
    keys = [(option.law.verdict is not Verdict.YES, option.cost.lcot.value) for option in options]
    assert keys == sorted(keys)
    assert all(option.law.verdict is not Verdict.NO for option in options)


@PLANS
def test_the_answer_is_the_best_option(made: Any) -> None:
    found: Plan = made()
    assert found.answer.option_id == found.options[0].id
    assert found.answer.probability == found.options[0].cost.probability_best


@PLANS
def test_the_odds_of_the_lawful_add_up_to_one(made: Any) -> None:
    lawful = [option for option in made().options if option.law.verdict is Verdict.YES]
    assert sum(option.cost.probability_best for option in lawful) == pytest.approx(1.0)


@pytest.mark.parametrize("objective", ["capex", "carbon", "energy"])
def test_another_objective_ranks_by_its_own_figure(objective: str) -> None:
    found = plan(scenario(more=f"limits: {{objective: {objective}}}"))

    def figure(option: Any) -> float:
        power = option.power
        told = {"capex": option.cost.capex, "carbon": power.carbon_g_per_mtok, "energy": power.energy_kwh_per_mtok}
        return math.inf if told[objective] is None else float(told[objective].value)

    lawful = [figure(option) for option in found.options if option.law.verdict is Verdict.YES]
    assert lawful == pytest.approx(sorted(lawful))


# --- what the options say ---------------------------------------------------------------------------------------


def test_every_sort_of_site_brings_options() -> None:
    assert {option.kind for option in chat_plan().options} == {Kind.OWNED, Kind.COLO, Kind.CLOUD, Kind.API}


@PLANS
def test_ids_are_unique_and_plain(made: Any) -> None:
    ids = [option.id for option in made().options]
    assert len(set(ids)) == len(ids)
    assert all(id_ and id_ == id_.lower() and " " not in id_ for id_ in ids)


@PLANS
def test_every_option_serves_every_workload(made: Any) -> None:
    found: Plan = made()
    names = [workload.name for workload in found.workloads]
    for option in found.options:
        assert list(dict.fromkeys(part.workload for part in option.fleet)) == names


@PLANS
def test_a_fleet_counts_whole_machines_for_the_peak_and_a_spare(made: Any) -> None:
    found: Plan = made()
    for option in found.options:
        if found.mix is not None and option.id == found.mix.option_id:
            continue  # its spares are shared: see test_mixed
        for part in option.fleet:
            if part.performance is None:
                assert option.kind in (Kind.API, Kind.MIXED)
                continue
            per_host, rest = divmod(part.replicas + part.spares, part.hosts)
            assert rest == 0
            assert part.spares >= per_host  # one machine beyond the need
            needed = part.performance
            assert needed.capacity.value >= needed.planned_rate_per_s
            assert needed.sure_capacity_per_s is not None
            assert needed.sure_capacity_per_s >= needed.planned_rate_per_s * (1.0 - 1e-9)
            one_less = needed.sure_capacity_per_s * (part.replicas - per_host) / part.replicas
            assert one_less < needed.planned_rate_per_s
            assert part.headroom == pytest.approx(needed.capacity.value / needed.planned_rate_per_s - 1.0)
            assert needed.planned_rate_per_replica_per_s * part.replicas == pytest.approx(needed.planned_rate_per_s)


def test_the_peak_planned_for_is_that_of_the_first_years_end() -> None:
    found = chat_plan()
    peak = found.workloads[0].rate_peak_per_s * 1.15 ** (11 / 12)
    for option in found.options:
        for part in option.fleet:
            if part.performance is not None:
                assert part.performance.planned_rate_per_s == pytest.approx(peak)


def test_online_work_keeps_its_promise_at_the_planned_load() -> None:
    found = chat_plan()
    limits = {limit.metric: limit.limit_s for limit in found.workloads[0].slo}
    checked = 0
    for option in found.options:
        for part in option.fleet:
            if part.performance is None or part.performance.ttft is None or part.performance.tpot is None:
                continue
            assert part.performance.ttft.p95.value <= limits["ttft"] * 1.02
            assert part.performance.tpot.p95.value <= limits["tpot"] * 1.02
            checked += 1
    assert checked >= 3


def test_batch_work_says_its_throughput() -> None:
    found = plan(scenario(NIGHT, (ROOM, CLOUD)))
    assert found.options
    for option in found.options:
        performance = option.fleet[0].performance
        assert performance is not None
        assert performance.output_tokens_per_s is not None
        assert performance.output_tokens_per_s.value > 0.0
        assert performance.ttft is None


def test_power_is_told_of_ones_own_machines() -> None:
    for option in chat_plan().options:
        if option.kind in (Kind.OWNED, Kind.COLO):
            power = option.power
            assert power.power_mean_w is not None
            assert power.power_peak_w is not None
            assert 0.0 < power.power_mean_w.value <= power.power_peak_w.value
        if option.kind is Kind.API:
            assert option.power.power_mean_w is None


def test_every_assumption_of_an_option_is_in_the_plan() -> None:
    found = chat_plan()
    known = {each.id for each in found.assumptions}
    assert len(known) == len(found.assumptions)
    for option in found.options:
        assert option.assumption_ids
        assert set(option.assumption_ids) <= known


# --- limits -----------------------------------------------------------------------------------------------------


def test_nothing_feasible_is_an_answer_too() -> None:
    found = plan(scenario(sites=("{name: room, kind: owned, hosts: [hgx-h100-8], power: 1 kW}",)))
    assert found.options == ()
    assert found.answer.decision is Decision.NONE
    assert found.answer.option_id is None
    assert any(reason.stage is Stage.POWER for one in found.refused for reason in one.reasons)
    assert dt.date.fromisoformat(f"{found.header.catalogue_date}-01"[:10]) <= TODAY


def test_only_kinds_of_site_that_the_scenario_has_can_be_missed() -> None:
    found = plan(scenario(sites=(TOKENS,)))
    assert found.options
    assert not any("No " in warning and "option is feasible" in warning for warning in found.warnings)
    hopeless = "{name: room, kind: owned, hosts: [server-l40s-4], power: 10 W}"
    assert "No owned option is feasible; the reasons are below." in plan(scenario(sites=(TOKENS, hopeless))).warnings


def test_a_tax_that_is_not_counted_is_told() -> None:
    told = plan(scenario(sites=(TOKENS,), more="finance: {tax: 30 %}")).warnings
    assert any("before tax" in warning and "30 %" in warning for warning in told)
    assert not any("before tax" in warning for warning in chat_plan().warnings)


def test_where_every_machine_is_too_slow_an_api_is_not_taken_for_quick() -> None:
    strict = CHAT.replace("tpot: 60 ms", "tpot: 1 ms")
    told = [warning for warning in plan(scenario(strict)).warnings if "Whether an API does is not known" in warning]
    assert len(told) == 1
    assert not any("Whether an API does" in warning for warning in chat_plan().warnings)


def test_an_own_device_without_a_host_is_told_how_to_get_one() -> None:
    own = "devices: [{name: mycard, memory: 64 GB, bandwidth: 2 TB/s, bf16: 300 TFLOP/s, tdp: 350 W}]"
    reasons = [each.reasons[0] for each in plan(scenario(sites=(TOKENS,), more=own)).refused if each.device == "mycard"]
    assert len(reasons) == 1
    assert "device: mycard" in reasons[0].text


def test_machines_of_several_workloads_are_added_up_in_the_answer() -> None:
    found = plan(scenario(CHAT + NIGHT, sites=("{name: room, kind: owned, hosts: [workstation-rtx-5090-1]}",)))
    machines = sum(part.hosts for part in found.options[0].fleet)
    assert f"Buy {machines} × Workstation, 1 × RTX 5090" in found.answer.sentence


def test_a_monthly_limit_refuses_what_costs_more() -> None:
    everything = chat_plan()
    middle = sorted(option.cost.npv_of_costs.value for option in everything.options)[len(everything.options) // 2]
    limited = plan(scenario(more=f"limits: {{max_monthly_cost: {middle / 48:.0f} EUR}}"))
    assert 0 < len(limited.options) < len(everything.options)
    beyond = [one for one in limited.refused if one.reasons[0].stage is Stage.BUDGET]
    assert len(beyond) == len(everything.options) - len(limited.options)
    assert all("EUR" in one.reasons[0].text for one in beyond)


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY"])
def test_the_ranking_does_not_depend_on_the_currency(currency: str) -> None:
    found = plan(scenario(organisation=f"{{country: DE, currency: {currency}, sector: technology}}"))
    assert [option.id for option in found.options] == [option.id for option in chat_plan().options]
    for one, other in zip(found.options, chat_plan().options, strict=True):
        ratio = one.cost.lcot.value / other.cost.lcot.value
        assert ratio == pytest.approx(found.options[0].cost.lcot.value / chat_plan().options[0].cost.lcot.value)
        assert one.cost.lcot.unit == f"{currency}/Mtok"


def test_what_a_workload_allows_reaches_its_deployments() -> None:
    asked = "growth: 15 %/y\n    precisions: [bf16]\n    kv_precisions: [fp8]\n    max_context: 60000 tokens"
    found = plan(scenario(CHAT.replace("growth: 15 %/y", asked), (ROOM,), "limits: {engines: [SGLang]}"))
    assert found.options
    for option in found.options:
        deployment = option.fleet[0].deployment
        assert deployment is not None
        assert deployment.engine == "sglang"
        assert deployment.weights_precision == "bf16"
        assert deployment.kv_precision == "fp8"
        assert deployment.max_model_len_tokens == 60_000
        assert (deployment.kv_capacity_tokens or 0.0) >= 60_000


def test_a_horizon_of_one_month_can_be_planned() -> None:
    found = plan(scenario(sites=(ROOM, TOKENS), more="finance: {horizon: 1 month}"))
    assert found.header.horizon_months == 1
    assert found.options


def test_an_unknown_fact_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="key_holdr") as caught:
        plan(scenario(more="law: {facts: {key_holdr: customer}}"))
    assert "key_holder" in caught.value.remedy


# --- progress ---------------------------------------------------------------------------------------------------


def test_progress_is_told_and_ctrl_c_passes_through() -> None:
    told: list[str] = []
    make_plan(scenario(), today=TODAY, draws=DRAWS, progress=lambda what, done, of: told.append(what))
    assert "simulating machines" in told

    def interrupt(what: str, done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_plan(scenario(), today=TODAY, draws=DRAWS, progress=interrupt)


def test_the_day_decides_which_prices_are_stale() -> None:
    later = make_plan(scenario(sites=(CLOUD,)), today=TODAY + dt.timedelta(days=3650), draws=DRAWS)
    assert any(each.stale for each in later.assumptions)
    assert any("ask for a new quotation" in text for option in later.options for text in option.warnings)


def test_the_order_of_sites_does_not_matter() -> None:
    turned = plan(scenario(sites=ALL_SITES[::-1]))
    assert [option.id for option in turned.options] == [option.id for option in chat_plan().options]


def test_two_workloads_cost_no_less_than_one() -> None:
    both = {option.id: option.cost.npv_of_costs.value for option in two_workloads_plan().options}
    alone = {option.id: option.cost.npv_of_costs.value for option in chat_plan().options}
    shared = set(both) & set(alone)
    assert shared
    assert all(both[id_] > alone[id_] for id_ in shared)
