"""An option of a plan, simulated: what the plan says its users see is what they see."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from millwright.cli.main import app
from millwright.errors import InputError
from millwright.measure.simulation import Terms
from millwright.plan.make import make_plan
from millwright.plan.model import Plan
from millwright.plan.plan_file import write_plan
from millwright.plan.simulated import simulate_option
from millwright.scenario.load import LoadedScenario, load_scenario

SCENARIO = """\
name: small
organisation: {country: DE, currency: EUR}
workloads:
  - name: chat
    model: llama-3.1-8b
    traffic: {rate: 1 /s, input: 500 tokens, output: 100 tokens}
    slo: {ttft: 1 s, tpot: 60 ms}
  - name: sorting
    model: llama-3.1-8b
    traffic: {rate: 0.5 /s, input: 700 tokens, output: 20 tokens}
sites:
  - {name: room, kind: owned, hosts: [server-l4-1]}
  - {name: API, kind: api, providers: [groq]}
"""


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[LoadedScenario, Plan, Path]:
    folder = tmp_path_factory.mktemp("scenario")
    (folder / "small.yaml").write_text(SCENARIO, encoding="utf-8")
    loaded = load_scenario(folder / "small.yaml")
    plan = make_plan(loaded, today=dt.date(2026, 11, 21), mix=False)
    write_plan(plan, folder / "plan.json")
    return loaded, plan, folder


def test_the_simulation_shows_the_percentiles_of_the_plan(planned: tuple[LoadedScenario, Plan, Path]) -> None:
    loaded, plan, _ = planned
    option = next(each for each in plan.options if each.fleet[0].device is not None)
    part = next(each for each in option.fleet if each.workload == "chat")
    run, about = simulate_option(loaded, plan, Terms(), option=option.id)
    assert option.title in about
    assert len(run.outcomes.replica_totals) == part.replicas
    assert run.slo is not None
    assert run.slo.tpot_s == 0.06
    assert run.metrics.slo_holds
    promised = part.performance
    assert promised is not None
    assert promised.tpot is not None
    assert run.metrics.tpot_s.p95 is not None
    assert run.metrics.tpot_s.p95.value == pytest.approx(promised.tpot.p95.value, rel=0.1)


def test_more_traffic_than_planned_breaks_the_promise(planned: tuple[LoadedScenario, Plan, Path]) -> None:
    loaded, plan, _ = planned
    run, _ = simulate_option(loaded, plan, Terms(), workload="sorting", rate_per_s=500.0, requests=2000)
    assert len(run.outcomes) == 2000
    assert not run.metrics.slo_holds


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"workload": "chess"}, "no workload is called"),
        ({"option": "99"}, "no option '99'"),
        ({"option": "api"}, "nobody's devices"),
    ],
)
def test_what_cannot_be_simulated_is_said(
    planned: tuple[LoadedScenario, Plan, Path], choice: dict[str, str], message: str
) -> None:
    loaded, plan, _ = planned
    api = next(each.id for each in plan.options if all(part.device is None for part in each.fleet))
    with pytest.raises(InputError, match=message):
        simulate_option(loaded, plan, Terms(), **{k: api if v == "api" else v for k, v in choice.items()})


def test_the_command_takes_a_scenario_and_its_plan(planned: tuple[LoadedScenario, Plan, Path]) -> None:
    _, _, folder = planned
    arguments = ["simulate", str(folder / "small.yaml"), "--plan", str(folder / "plan.json"), "--requests", "1500"]
    ran = CliRunner().invoke(app, [*arguments, "--json"])
    assert ran.exit_code == 0, ran.output
    document = json.loads(ran.stdout)
    assert "chat at" in document["scenario"]
    assert document["requests"] == 1350
    assert CliRunner().invoke(app, [*arguments, "--device", "h100-sxm"]).exit_code != 0
