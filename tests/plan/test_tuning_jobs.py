"""Fine-tuning jobs in a plan: idle hours where they fit, rent where not, a refusal where neither is to be had."""

from __future__ import annotations

from functools import cache

import pytest
from small_scenarios import CHAT, plan, scenario

from millwright.plan.model import Option, Plan, Stage
from millwright.scenario.faults import ScenarioError

ROOM = "{name: room, kind: owned, hosts: [server-l40s-2], power: 12 kW}"
CLOUD = "{name: cloud, kind: cloud, providers: [scaleway]}"
JOB = "jobs: [{name: tuning, workload: chat, tokens: 50M, every: 7 days, deadline: 48 h}]"


@cache
def _plan(more: str = JOB, sites: tuple[str, ...] = (ROOM, CLOUD)) -> Plan:
    return plan(scenario(CHAT, sites, more))


def _owned(found: Plan) -> Option:
    return next(option for option in found.options if option.kind == "owned")


def test_a_run_fits_the_idle_hours_of_machines_that_stand_there() -> None:
    [job] = _owned(_plan()).jobs
    assert job.where == "idle hours"
    assert job.idle_share is not None
    assert 0.0 < job.idle_share < 1.0
    assert job.longest_hours is not None
    assert job.run_time.high <= job.longest_hours <= 48.0  # pauses for the demand come on top
    assert job.runs_per_month == pytest.approx(365.25 / 12.0 / 7.0)


def test_machines_that_are_switched_off_have_no_idle_hours_so_that_others_are_rented() -> None:
    for option in _plan().options:
        if option.kind == "cloud":
            [job] = option.jobs
            assert job.where == "rented"
            assert job.cost_per_month > 0.0


def test_what_it_costs_is_in_the_cash_flow_and_the_odds() -> None:
    with_it, without = _plan(), _plan("")
    for option in with_it.options:
        [cause] = [each for each in option.cost.by_cause if each.cause == "fine-tuning"]
        [job] = option.jobs
        assert cause.label == "Fine-tuning"
        assert cause.per_month == pytest.approx(job.cost_per_month)
        before = without.option(option.id)
        assert option.cost.npv_of_costs.value > before.cost.npv_of_costs.value
        assert sum(month.cost for month in option.cost.cash_flow) > sum(month.cost for month in before.cost.cash_flow)


def test_a_deadline_that_own_machines_cannot_keep_is_rented_for() -> None:
    [job] = _owned(_plan(JOB.replace("48 h", "4 h"))).jobs
    assert job.where == "rented"
    assert "rented by the hour" in job.text
    assert job.run_time.high <= 4.0
    assert job.idle_months == 0


def test_where_growth_eats_the_idle_hours_rent_takes_over() -> None:
    [job] = _owned(_plan(JOB.replace("48 h", "16 h").replace("50M", "100M"))).jobs
    assert job.where == "idle hours, then rented"
    assert 0 < job.idle_months < 48
    assert "else on" in job.text


def test_a_job_that_has_no_place_refuses_the_option_and_says_why() -> None:
    found = _plan(JOB.replace("48 h", "2 h"), (ROOM,))
    assert not found.options
    [reason] = [reason for each in found.refused for reason in each.reasons if "fine-tuning" in reason.summary]
    assert reason.stage is Stage.CAPACITY
    assert "of 2 h allowed" in reason.text
    assert "no cloud" in reason.text


def test_a_model_too_large_to_train_there_is_told_with_its_memory() -> None:
    found = _plan(JOB.replace("tokens: 50M", "tokens: 50M, method: full"), (ROOM,))
    texts = [reason.text for each in found.refused for reason in each.reasons]
    assert any("GB of each of 2 devices" in text for text in texts)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("workload: chat", "workload: chatt"), "there is not"),
        (("tokens: 50M", "tokens: many"), "tokens"),
        (("every: 7 days", "every: 0 days"), "every"),
        (("tokens: 50M", "tokens: 50M, method: full, rank: 8"), "no adapters"),
        (("tokens: 50M", "tokens: 50M, method: magic"), "method"),
        (("tokens: 50M, ", ""), "tokens"),
        (("tuning, ", "tuning, colour: blue, "), "colour"),
    ],
)
def test_a_job_that_makes_no_sense_is_told(change: tuple[str, str], told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        scenario(CHAT, (ROOM,), JOB.replace(*change))


def test_two_jobs_of_one_name_are_told() -> None:
    twice = JOB.replace("]", ", {name: tuning, workload: chat, tokens: 1M}]")
    with pytest.raises(ScenarioError, match="two jobs"):
        scenario(CHAT, (ROOM,), twice)
