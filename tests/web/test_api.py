"""The API does what the commands do: the examples of its documentation, sent as they stand there."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient

from millwright.law.load import load_rules
from millwright.web.routes import examples
from millwright.web.settings import Limits

Serve = Callable[..., TestClient]

REPOSITORY = Path(__file__).resolve().parents[2]

POINTS = """model,accelerator,tp,precision_weights,engine,concurrency_or_rate,isl,osl,ttft_ms_mean,tpot_ms_mean
llama-3.1-8b,h100-sxm,1,bf16,vllm,1,1024,128,40,7.5
llama-3.1-8b,h100-sxm,1,bf16,vllm,16,1024,128,160,10
llama-3.1-8b,h100-sxm,1,bf16,vllm,64,1024,128,600,17
"""


def value(example: dict[str, Any]) -> dict[str, Any]:
    [only] = example.values()
    found: dict[str, Any] = only["value"]
    return found


def upload(client: TestClient, name: str, content: str | bytes) -> str:
    answer = client.post("/api/attachments", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for all that only asks: workers take a second to start."""
    from millwright.web.app import create_app
    from millwright.web.settings import Settings

    url = f"sqlite:///{tmp_path_factory.mktemp('library') / 'library.sqlite'}"
    app = create_app(Settings(database_url=url, limits=Limits(job_wall_s=300.0, quick_wall_s=300.0)), page=False)
    with TestClient(app, base_url="http://127.0.0.1:8710", client=("127.0.0.1", 50000)) as client:
        yield client


# --- scenarios and plans ---


def test_a_sound_scenario_is_named_with_its_defaults(shared: TestClient) -> None:
    answer = shared.post("/api/scenarios/check", json=value(examples.SCENARIO))
    assert answer.status_code == 200, answer.text
    assert answer.json()["name"] == "chat"
    assert {"path", "value", "note"} == set(answer.json()["defaulted"][0])


def test_every_fault_of_a_scenario_comes_with_line_and_key(shared: TestClient) -> None:
    text = "organisation: {country: ITT}\nworkloads:\n  - {name: a, model: nothing-like-it}\nsits: []\n"
    answer = shared.post("/api/scenarios/check", json={"scenario": text})
    assert answer.status_code == 422
    faults = answer.json()["fault"]["faults"]
    assert {each["line"] for each in faults} >= {1, 3, 4}
    assert ["organisation", "country"] in [each["path"] for each in faults]


def test_a_plan_is_made_as_a_job_saved_listed_and_compared(shared: TestClient) -> None:
    asked = value(examples.SCENARIO) | {"as_of": "2026-09-01"}
    plan = shared.post("/api/plans?wait=60", json=asked)
    if plan.status_code == 202:  # a busy machine: wait for its end, however long that takes
        id_ = plan.json()["id"]
        assert "event: done" in shared.get(f"/api/jobs/{id_}/events").text
        plan = shared.get(f"/api/jobs/{id_}/result")
    assert plan.status_code == 200, plan.text
    [job] = [each for each in shared.get("/api/jobs").json() if each["kind"] == "plan"]
    assert job["state"] == "done"
    assert job["done"] > 0

    table = pl.read_parquet(io.BytesIO(shared.get(f"/api/jobs/{job['id']}/result?format=parquet").content))
    assert table["id"].to_list() == [option["id"] for option in plan.json()["options"]]

    scenario = shared.post("/api/library/scenarios", json={"name": "chat", "text": asked["scenario"]}).json()
    first = shared.post("/api/library/plans", json={"job_id": job["id"], "scenario_id": scenario["id"]})
    assert first.status_code == 201, first.text
    assert first.json()["sentence"] == plan.json()["answer"]["sentence"]

    dearer = plan.json()
    dearer["header"]["catalogue_date"] = "2031-01-01"
    priced = next(each for each in dearer["assumptions"] if each["origin"] == "catalogue" and each["unit"] == "USD")
    was, priced["value"] = priced["value"], priced["value"] * 2
    second = shared.post("/api/library/plans", json={"plan_json": json.dumps(dearer)}).json()
    found = shared.get(f"/api/library/compare?before={first.json()['id']}&after={second['id']}").json()
    assert found["flips"] is False
    assert found["catalogue"] == [plan.json()["header"]["catalogue_date"], "2031-01-01"]
    [price] = found["prices"]
    assert (price["before"], price["after"]) == (was, 2 * was)

    csv = shared.get(f"/api/library/plans/{first.json()['id']}/options?format=csv")
    assert csv.headers["content-type"].startswith("text/csv")
    assert pl.read_csv(io.BytesIO(csv.content))["rank"].to_list() == [each["rank"] for each in plan.json()["options"]]


@pytest.mark.slow
def test_a_what_if_changes_the_money_and_gives_a_link_and_a_text_that_say_so(shared: TestClient) -> None:
    asked = value(examples.SCENARIO) | {"as_of": "2026-09-01"}
    as_it_is = shared.post("/api/what-if", json=asked)
    assert as_it_is.status_code == 200, as_it_is.text
    dearer = shared.post("/api/what-if", json=asked | {"changes": {"electricity_per_kwh": 0.9}}).json()
    assert dearer["query"] == "electricity_per_kwh=0.9"
    assert dearer["searched"] is False
    costs = [each["plan"]["options"][0]["cost"]["lcot"]["value"] for each in (as_it_is.json(), dearer)]
    assert costs[1] > costs[0]
    assert shared.post("/api/scenarios/check", json={"scenario": dearer["scenario"]}).status_code == 200
    assert shared.post("/api/what-if", json=asked | {"changes": {"nonsense": 1}}).status_code == 422


def test_a_plan_that_is_none_is_not_saved(shared: TestClient) -> None:
    for text in ("", "{}", "[", "{" * 100_000, '{"header": {"schema_version": "1.0"}}'):
        answer = shared.post("/api/library/plans", json={"plan_json": text})
        assert answer.status_code == 422, text[:20]


def test_a_file_that_a_scenario_names_is_the_newest_upload_of_that_name_unless_the_request_says_which(
    shared: TestClient,
) -> None:
    traffic = "traffic: {requests_per_day: 5000, profile: conversation, shape: office-hours}"
    asked = {"scenario": value(examples.SCENARIO)["scenario"].replace(traffic, "traffic: {trace: calls.csv}")}
    assert shared.post("/api/scenarios/check", json=asked).status_code == 422
    rows = "".join(f"{i},100,20\n" for i in range(200))
    good = upload(shared, "calls.csv", f"arrival_s,input_tokens,output_tokens\n{rows}")
    assert shared.post("/api/scenarios/check", json=asked).status_code == 200
    upload(shared, "calls.csv", "nothing of use\n")
    assert shared.post("/api/scenarios/check", json=asked).status_code == 422
    assert shared.post("/api/scenarios/check", json=asked | {"attachments": {"calls.csv": good}}).status_code == 200
    assert shared.post("/api/scenarios/check", json=asked | {"attachments": {"calls.csv": "ff"}}).status_code == 404


# --- law, people, money ---


def test_the_rules_are_applied_and_a_what_if_is_thrown(shared: TestClient) -> None:
    answer = shared.post("/api/check", json=value(examples.CHECK))
    assert answer.status_code == 200, answer.text
    assert answer.json()["what_if"] == ["dpf-annulled"]


def test_options_are_held_against_a_team_that_was_uploaded(shared: TestClient) -> None:
    team = upload(shared, "team.csv", (REPOSITORY / "examples/hospital-chat/team.csv").read_bytes())
    asked = value(examples.SCENARIO) | {"team": "team.csv", "attachments": {"team.csv": team}}
    answer = shared.post("/api/people?wait=60", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["team"]["assumed"] is False
    assert answer.json()["advice"]["sentence"]


def test_a_case_is_priced_as_the_command_prices_it(shared: TestClient) -> None:
    answer = shared.post("/api/costs", json=value(examples.COST))
    assert answer.status_code == 200, answer.text
    assert set(answer.json()["options"]) == {"own", "tokens"}
    assert shared.post("/api/costs", json={"preset": shared.get("/api/costs/presets").json()[0]}).status_code == 200
    assert shared.post("/api/costs", json={"case": "case: 1", "preset": "x"}).status_code == 422


# --- readiness ---


def test_answers_are_assessed_as_the_command_assesses_them(shared: TestClient) -> None:
    answer = shared.post("/api/assessments", json=value(examples.ASSESS))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert "owned" not in told["open_kinds"]
    assert told["roadmap"]["actions"][0]["start"] == "2026-12-01"
    wrong = shared.post("/api/assessments", json={"answers": "answers: {data-ownr: 1}"})
    assert wrong.status_code == 422
    assert "data-owner" in wrong.text
    assert len(shared.get("/api/readiness/questions").json()["questions"]) == 60


def test_a_machine_read_elsewhere_is_found_in_the_catalogue(shared: TestClient) -> None:
    answer = shared.post("/api/inventories", json=value(examples.INVENTORY))
    assert answer.status_code == 200, answer.text
    assert answer.json()["owned"]["hosts"][0]["host_id"] == "server-l40s-1"
    assert shared.get("/api/readiness/inventory-script").text.startswith("#!/bin/sh")
    assert shared.post("/api/inventories", json={"output": "nothing"}).status_code == 422


# --- simulations and points ---


def test_a_simulation_gives_the_figures_of_the_command(shared: TestClient) -> None:
    answer = shared.post("/api/simulations?wait=60", json=value(examples.SIMULATE) | {"timeline": 10})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["requests"] + found["refused"] >= 1800
    assert found["ttft_s"]["p95"]["value"] > 0
    assert found["timeline"]["traceEvents"]


def test_a_field_at_fault_is_named_as_the_api_calls_it(shared: TestClient) -> None:
    answer = shared.post("/api/simulations?wait=60", json=value(examples.SIMULATE) | {"kv_precision": "fp99"})
    assert answer.status_code == 422
    assert answer.json()["fault"]["where"] == "kv_precision"


def test_points_are_uploaded_predicted_validated_and_calibrated(shared: TestClient) -> None:
    id_ = upload(shared, "points.csv", POINTS)
    asked = {"points": "points.csv", "attachments": {"points.csv": id_}}
    predicted = shared.post("/api/predictions?wait=60", json=asked)
    assert predicted.status_code == 200, predicted.text
    rows = predicted.json()["rows"]
    assert len(rows) == 3
    assert all(row["pred_tpot_ms_mean_low"] < row["pred_tpot_ms_mean"] < row["pred_tpot_ms_mean_high"] for row in rows)

    validated = shared.post("/api/validations?wait=60", json=asked | {"by": ["concurrency_or_rate"]})
    assert {each["group"] for each in validated.json()["comparisons"]} == {"all", "1", "16", "64"}

    made = shared.post("/api/calibrations?wait=60", json=asked | {"points": ["points.csv"]})
    assert made.json()["used"] == 3, made.text
    [job] = [each for each in shared.get("/api/jobs").json() if each["kind"] == "calibrate"]
    saved = shared.post("/api/library/calibrations", json={"name": "ours", "job_id": job["id"]}).json()
    corrected = shared.post("/api/predictions?wait=60", json=asked | {"calibration_id": saved["id"]}).json()["rows"]
    assert [row["pred_tpot_ms_mean"] for row in corrected] != [row["pred_tpot_ms_mean"] for row in rows]

    measurement = shared.post("/api/library/measurements", json={"name": "lab", "attachment_id": id_})
    assert measurement.json()["points"] == 3
    assert shared.delete(f"/api/attachments/{id_}").status_code == 422


def test_a_prompt_log_is_profiled(shared: TestClient) -> None:
    id_ = upload(shared, "log.jsonl", '{"prompt": "Write to ada@example.org"}\n' * 3)
    answer = shared.post(
        "/api/data-profiles?wait=60", json={"file": "log.jsonl", "attachments": {"log.jsonl": id_}}
    ).json()
    assert answer["records"] == 3
    assert "ada@example.org" not in json.dumps(answer)


# --- what there is ---


def test_the_catalogue_is_listed_searched_and_shown_with_sources(shared: TestClient) -> None:
    assert shared.get("/api/catalog").json()["devices"] > 10
    found = shared.get("/api/catalog/devices?search=h100").json()
    assert found
    assert all("h100" in f"{each['id']} {each['name']}".casefold() for each in found)
    frame = pl.read_csv(io.BytesIO(shared.get("/api/catalog/devices?format=csv").content))
    assert "facts.memory.value" in frame.columns
    shown = shared.get(f"/api/catalog/devices/{found[0]['id']}").json()
    assert shown["facts"]["memory"]["source"]
    assert shared.get("/api/catalog/nothing").status_code == 422
    assert shared.get("/api/catalog/devices/nothing").status_code == 422


def test_the_rules_are_listed_and_shown(shared: TestClient) -> None:
    listed = shared.get("/api/law/rules").json()
    assert len(listed) == len(load_rules().rules)
    assert shared.get(f"/api/law/rules/{listed[0]['id']}").json() == listed[0]
    in_1990 = shared.get("/api/law/rules?as_of=1990-01-01").json()
    assert {each["instrument"] for each in in_1990} == {"Scenario"}  # what the user asks for is of all times
    assert shared.get("/api/law/rego").text.startswith("#") or "package" in shared.get("/api/law/rego").text


def test_schemas_and_the_apis_own_description_are_there(shared: TestClient) -> None:
    assert shared.get("/api/schemas/scenario").json()["$id"] == "millwright-scenario"
    assert shared.get("/api/schemas/plan").json()["version"]
    described = shared.get("/api/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description") or operation.get("summary"), f"{method} {path}"


# --- jobs over HTTP ---


def test_events_tell_progress_and_end_with_the_state(shared: TestClient) -> None:
    job = shared.post("/api/simulations", json=value(examples.SIMULATE))
    assert job.status_code == 202
    with shared.stream("GET", job.headers["Location"] + "/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [line for line in answer.iter_lines() if line.startswith("event:")]
    assert events[-1] == "event: done"
    assert shared.get("/api/jobs/000000000000/events").status_code == 404


def test_a_result_that_is_not_there_yet_is_a_conflict(shared: TestClient) -> None:
    job = shared.post("/api/plans", json=value(examples.SCENARIO) | {"seed": 7}).json()
    assert shared.get(f"/api/jobs/{job['id']}/result").status_code == 409
    cancelled = shared.delete(f"/api/jobs/{job['id']}").json()
    assert cancelled["state"] == "cancelled"
    again = shared.post(f"/api/jobs/{job['id']}/again").json()
    assert again["id"] != job["id"]
    assert shared.delete(f"/api/jobs/{again['id']}").json()["state"] == "cancelled"
