"""`millwright simulate`: a table for people, JSON for programs, a paragraph for what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOYMENT = ("--model", "llama-3.1-8b", "--device", "h100-sxm")


def simulate(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "millwright.cli.main", "simulate", *DEPLOYMENT, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_json_is_all_that_is_printed_and_repeats_with_the_seed() -> None:
    options = ("--rate", "8", "--requests", "2000", "--input", "lognormal:800,0.8", "--output", "uniform:20-200")
    runs = [simulate(*options, "--ttft", "500ms", "--seed", "5", "--json") for _ in range(2)]
    documents = [json.loads(run.stdout) for run in runs]
    first, second = ({k: v for k, v in d.items() if k not in ("wall_s", "simulation_s")} for d in documents)
    assert first == second
    assert first["requests"] == 1800
    assert first["ttft_s"]["p99"]["value"] > first["ttft_s"]["p50"]["value"] > 0
    assert first["slo_holds"] is True
    assert 7 < first["goodput_per_s"] < 9


def test_the_table_names_every_latency_and_what_binds() -> None:
    run = simulate("--concurrency", "16", "--requests", "1200", "--tpot", "50ms", "--find-rate")
    assert run.returncode == 0, run.stderr
    for word in ("TTFT", "TPOT", "ITL", "E2E", "throughput", "KV cache", "preemptions", "largest rate"):
        assert word in run.stdout


def test_drafts_that_are_accepted_shorten_the_gaps_and_cost_less_energy() -> None:
    options = ("--rate", "6", "--requests", "1500", "--json")
    plain, drafted = (
        json.loads(simulate(*options, *more).stdout) for more in ((), ("--speculate", "eagle3:3", "--acceptance", "1"))
    )
    assert drafted["totals"]["drafted_tokens"] > 0
    assert drafted["tpot_s"]["mean"]["value"] < 0.5 * plain["tpot_s"]["mean"]["value"]
    assert drafted["energy"]["decode_j"] < plain["energy"]["decode_j"]


def test_a_trace_is_replayed_whole(tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    rows = "".join(f"{0.1 * i:.1f},{100 + i},{10 + i % 7}\n" for i in range(300))
    trace.write_text("arrival_s,input_tokens,output_tokens\n" + rows)
    document = json.loads(simulate("--trace", str(trace), "--warmup", "0", "--json").stdout)
    assert document["requests"] == document["served"] == 300


def test_the_timeline_is_written_whole(tmp_path: Path) -> None:
    run = simulate("--rate", "40", "--replicas", "2", "--requests", "300", "--timeline", str(tmp_path / "run.json"))
    assert run.returncode == 0, run.stderr
    assert {e["pid"] for e in json.loads((tmp_path / "run.json").read_text())["traceEvents"]} == {0, 1}
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_the_plot_and_the_series_show_the_run_over_time(tmp_path: Path) -> None:
    run = simulate("--rate", "40", "--requests", "2000", "--plot", str(tmp_path / "run.svg"), "--json")
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)["occupancy"]
    assert len({len(values) for values in seen.values()}) == 1
    assert max(seen["running"]) > 10
    assert 0 < max(seen["kv_share"]) <= 1
    picture = (tmp_path / "run.svg").read_text()
    assert picture.startswith("<svg")
    assert "requests waiting" in picture


def test_replicas_are_added_as_the_load_calls_for_them() -> None:
    options = ("--rate", "60", "--requests", "4000", "--replicas", "4", "--autoscale", "30", "--start", "10s", "--json")
    ups = [each["up"] for each in json.loads(simulate(*options).stdout)["replicas_over_time"]]
    assert ups[0] == 1
    assert max(ups) > 1


def test_sessions_find_what_was_said_before_and_come_back_to_their_replica() -> None:
    options = ("--rate", "3", "--turns", "uniform:2-8", "--think", "5s", "--input", "200", "--requests", "3000")
    shared = (*options, "--system", "1000", "--replicas", "3", "--json")
    found = {router: json.loads(simulate(*shared, "--router", router).stdout) for router in ("sticky", "round-robin")}
    assert all(each["served"] == each["requests"] == 2700 for each in found.values())
    assert found["sticky"]["cached_share"] > found["round-robin"]["cached_share"] > 0.2


def test_bursts_wait_longer_than_requests_that_come_alone() -> None:
    options = ("--rate", "18", "--requests", "4000", "--json")
    p95_s = {
        arrivals: json.loads(simulate(*options, "--arrivals", arrivals).stdout)["ttft_s"]["p95"]["value"]
        for arrivals in ("gamma:0.2", "poisson", "bursts:8,10s,60s")
    }
    assert p95_s["gamma:0.2"] < p95_s["poisson"] < p95_s["bursts:8,10s,60s"]


def test_unlike_replicas_share_the_load_and_one_that_fails_hands_over() -> None:
    options = ("--rate", "30", "--requests", "3000", "--replica", "l40s", "--replica", "h200-sxm:1:fp8", "--json")
    document = json.loads(simulate(*options, "--outage", "0:30s:60s").stdout)
    assert document["other_devices"] == ["1 × NVIDIA L40S", "1 × NVIDIA H200 SXM 141GB"]
    assert document["replicas"] == 3
    assert document["served"] == document["requests"]
    assert document["retries"] > 0
    assert document["energy"] is None
    lost = json.loads(simulate(*options, "--outage", "0:30s:60s:lost").stdout)
    assert lost["served"] < lost["requests"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "exactly one load"),
        (("--rate", "5", "--concurrency", "4"), "exactly one load"),
        (("--rate", "-1"), "above 0 requests per second"),
        (("--rate", "5", "--input", "many"), "is no length"),
        (("--rate", "5", "--ttft", "5 GB"), "--ttft"),
        (("--rate", "5", "--precision", "fp7"), "no precision is called"),
        (("--rate", "5", "--engine", "foo"), "no engine is called 'foo'"),
        (("--rate", "5", "--tp", "3"), "32 attention heads cannot be shared out among 3 devices"),
        (("--rate", "5", "--percentile", "150"), "--percentile"),
        (("--rate", "5", "--router", "best", "--replicas", "2"), "no router is called"),
        (("--rate", "5", "--think", "1s"), "only the clients of a closed loop think"),
        (("--rate", "5", "--arrivals", "gamma"), "is no way to arrive"),
        (("--rate", "5", "--outage", "0:60s"), "is no outage"),
        (("--rate", "5", "--outage", "2:60s:90s"), "no replica number 2"),
        (("--rate", "5", "--replica", "l40s:x"), "is no replica"),
        (("--concurrency", "5", "--turns", "4"), "sessions come at a rate"),
        (("--rate", "5", "--system", "100"), "only sessions share a beginning"),
        (("--rate", "5", "--option", "1"), "nothing says what to simulate"),
        (("--rate", "5", "--speculate", "guess"), "no way of drafting is called 'guess'"),
        (("--rate", "5", "--speculate", "mtp:0"), "no number of drafted tokens"),
        (("--rate", "5", "--acceptance", "0.5"), "nothing is drafted"),
        (("--rate", "5", "--speculate", "mtp:40", "--max-num-batched-tokens", "4096"), "lower max_num_seqs"),
        (("--rate", "5", "--autoscale", "10"), "one replica cannot scale"),
        (("--rate", "5", "--start", "10s"), "nothing scales"),
        (("--rate", "5", "--offload", "100"), "no prompts share a beginning"),
        (("--rate", "5", "--max-num-seqs", "300", "--max-num-batched-tokens", "100"), "below max_num_seqs"),
    ],
)
def test_what_is_wrong_is_said_in_one_paragraph(options: tuple[str, ...], message: str) -> None:
    run = simulate(*options)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
