"""Drafts in a plan: none is invented, what is assumed is said, what one brings is told in money and machines."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from small_scenarios import CATALOG, plan, scenario
from typer.testing import CliRunner

from millwright.catalog.catalog import load_catalog
from millwright.cli.main import app
from millwright.errors import InputError
from millwright.plan.demand import scenario_demand
from millwright.plan.model import Plan
from millwright.plan.speculation import Drafting
from millwright.scenario.load import LoadedScenario, load_scenario, read_scenario

ROOM = "{name: room, kind: owned, hosts: [hgx-h100-4]}"
EXAMPLES = Path(__file__).parents[2] / "examples"


def _asked(
    model: str, speculation: str = "", limit: str = "", rate: str = "3 /s", tpot: str = "25 ms"
) -> LoadedScenario:
    stated = f"    speculation: {speculation}\n" if speculation else ""
    workloads = (
        f"\n  - name: chat\n    model: {model}\n    traffic: {{rate: 3 /s, profile: conversation}}\n"
        f"    slo: {{ttft: 2 s, tpot: 25 ms}}\n{stated}"
    )
    return scenario(workloads, (ROOM,), f"limits: {{speculation: {limit}}}" if limit else "")


def _drafting(loaded: LoadedScenario) -> Drafting:
    return scenario_demand(loaded, loaded.scenario.workloads[0], 12, 0).drafting


# --- which drafts are looked at ---------------------------------------------------------------------------------


def test_no_acceptance_is_invented() -> None:
    found = _drafting(_asked("qwen2.5-72b", "[{method: draft-model, draft: qwen2.5-1.5b}]"))
    assert found.drafts == ()
    assert "no acceptance is stated" in found.notes[0]
    found = _drafting(_asked("qwen2.5-72b"))
    assert found.drafts == ()
    assert "knows no draft for Qwen2.5 72B" in found.notes[0]


def test_a_head_in_the_checkpoint_is_looked_at_unless_forbidden() -> None:
    [draft] = _drafting(_asked("deepseek-r1")).drafts
    assert draft.origin is not None
    assert (draft.origin.method, draft.origin.quality, draft.tokens) == ("mtp", "C", 1)
    found = _drafting(_asked("deepseek-r1", limit="never"))
    assert found.drafts == ()
    assert "never" in found.notes[0]


def test_a_head_that_others_published_is_looked_at_if_the_scenario_says_so() -> None:
    found = _drafting(_asked("llama-3.3-70b"))
    assert found.drafts == ()
    assert "limits: {speculation: catalogued}" in found.notes[0]
    [draft] = _drafting(_asked("llama-3.3-70b", limit="catalogued")).drafts
    assert draft.origin is not None
    assert draft.origin.quality == "C"
    assert draft.log_sigma > 0.0


def test_what_the_scenario_states_goes_before_the_catalogue() -> None:
    loaded = _asked("llama-3.3-70b", "[{method: eagle3, acceptance: 75 %, tokens: [2, 4]}]", limit="catalogued")
    drafts = _drafting(loaded).drafts
    assert [each.tokens for each in drafts] == [2, 4]
    for each in drafts:
        assert each.origin is not None
        assert (each.origin.acceptance, each.origin.quality, each.log_sigma) == (0.75, "", 0.0)
        assert each.origin.checkpoint == "yuhuili/EAGLE3-LLaMA3.3-Instruct-70B"  # the catalogue's, as none is stated


def test_the_acceptance_of_a_draft_model_is_of_that_model() -> None:
    [draft] = _drafting(_asked("llama-3.3-70b", "[{method: draft-model, draft: llama-3.2-1b, acceptance: 0.7}]")).drafts
    assert draft.model == CATALOG.model("llama-3.2-1b")
    assert draft.origin is not None
    assert draft.origin.checkpoint in CATALOG.model("llama-3.2-1b").aliases


def test_models_of_other_vocabularies_cannot_draft() -> None:
    found = _drafting(_asked("llama-3.3-70b", "[{method: draft-model, draft: qwen2.5-1.5b, acceptance: 0.7}]"))
    assert found.drafts == ()
    assert "vocabularies" in found.notes[0]


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("[{method: draft-model, acceptance: 0.7}]", "none is named"),
        ("[{method: mtp, draft: llama-3.2-1b}]", "without a model of its own"),
        ("[{method: eagle3, acceptance: 0}]", "more than 0"),
        ("[{method: medusa, acceptance: 0.5}]", "mtp"),
        ("[{method: draft-model, draft: llama-9, acceptance: 0.7}]", "llama-9"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place(stated: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        _asked("llama-3.3-70b", stated)
    assert "speculation" in str(raised.value)


def test_the_examples_are_searched_as_before() -> None:
    for path in sorted(EXAMPLES.glob("*/scenario.yaml")):
        loaded = load_scenario(path, load_catalog())
        for workload in loaded.scenario.workloads:
            assert scenario_demand(loaded, workload, 12, 0).drafting.drafts == (), path


# --- the plan ---------------------------------------------------------------------------------------------------


@cache
def _planned(limit: str) -> Plan:
    return plan(_asked("llama-3.3-70b", limit=limit))


def test_the_plan_tells_who_drafts_who_says_so_and_what_it_brings() -> None:
    with_draft, without = _planned("catalogued"), _planned("never")
    [option], [other] = with_draft.options, without.options
    deployment = option.fleet[0].deployment
    assert deployment is not None
    told = deployment.speculation
    assert told is not None
    assert (told.method, told.tokens, told.acceptance, told.quality) == ("eagle3", 3, 0.6, "C")
    assert told.source
    assert told.date
    assert "EAGLE3" in told.engine_flags + told.engine_file
    assert told.without is not None
    # what the plan says of the same machines without a draft is what the plan without drafts says
    plain = other.fleet[0]
    assert plain.deployment is not None
    assert plain.deployment.speculation is None
    assert told.without.machines == plain.hosts
    # the same tokens are served; a plan's cost is the median of its draws, the comparison is made at their centre
    assert told.without.cost_change == pytest.approx(other.cost.lcot.value / option.cost.lcot.value - 1.0, abs=0.03)
    assert plain.performance is not None
    assert plain.performance.tpot is not None
    assert told.without.tpot_s == pytest.approx(plain.performance.tpot.p95.value, rel=1e-9)
    assert any("60 %" in each and "assumed" in each and "more" in each for each in option.warnings)


def test_what_is_assumed_of_a_draft_is_an_assumption_of_the_plan() -> None:
    [found] = [each for each in _planned("catalogued").assumptions if each.id.startswith("draft:")]
    assert (found.value, found.quality) == (0.6, "C")
    assert found.source_title
    assert not [each for each in _planned("never").assumptions if each.id.startswith("draft:")]


def test_explain_says_why_no_draft_was_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(_asked("qwen2.5-72b").source_text, encoding="utf-8")
    ran = CliRunner().invoke(app, ["plan", str(path), "--explain", "h100-sxm"])
    assert ran.exit_code == 0, ran.output
    assert "knows no draft for Qwen2.5 72B" in " ".join(ran.stdout.split())
    ran = CliRunner().invoke(app, ["plan", str(path), "--explain", "h100-sxm", "--json"])
    assert "states no acceptance" in json.loads(ran.stdout)[0]["notes"][0]


def test_explain_tells_deployments_with_a_draft_from_those_without(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(_asked("llama-3.3-70b", limit="catalogued").source_text, encoding="utf-8")
    ran = CliRunner().invoke(app, ["plan", str(path), "--explain", "h100-sxm", "--json"])
    [machine] = json.loads(ran.stdout)
    drafted = [each for each in machine["considered"] if each["draft"]]
    assert 0 < len(drafted) < len(machine["considered"])
    assert all("60 %" in each["draft"] and "assumed, C" in each["draft"] for each in drafted)
    assert not machine["notes"]


# --- the example of docs/fleet-search.md ------------------------------------------------------------------------


@cache
def _documented(tpot: str) -> Plan:
    text = (EXAMPLES.parent / "docs" / "fleet-search.md").read_text(encoding="utf-8")
    told = next(each for each in text.split("```yaml\n")[1:] if "speculation" in each).split("```")[0]
    return plan(read_scenario(told.replace("tpot: 25 ms", f"tpot: {tpot}"), Path("scenario.yaml"), CATALOG))


def test_the_documented_example_drafts_three_tokens_and_saves_a_server() -> None:
    part = _documented("25 ms").options[0].fleet[0]
    assert part.deployment is not None
    draft = part.deployment.speculation
    assert draft is not None
    assert draft.without is not None
    assert (part.hosts, draft.tokens, draft.without.machines) == (2, 3, 3)
    assert draft.without.rate_factor == pytest.approx(1.5, abs=0.1)
    assert draft.without.cost_change == pytest.approx(0.35, abs=0.04)


def test_the_documented_example_does_not_draft_where_tokens_may_come_slowly() -> None:
    part = _documented("80 ms").options[0].fleet[0]
    assert part.deployment is not None
    assert part.deployment.speculation is None
    assert (str(part.deployment.weights_precision), part.deployment.pp) == ("fp8", 4)
