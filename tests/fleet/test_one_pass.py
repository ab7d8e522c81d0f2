"""Embedding and reranking through the search of a replica: the same path as chat, without tokens to wait for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from millwright.catalog.catalog import load_catalog
from millwright.fleet.replica import ReplicaPerformance
from millwright.fleet.search import answer_device
from millwright.fleet.service import Allowed, Service
from millwright.plan.demand import workload_demand
from millwright.quantity import Basis
from millwright.scenario.faults import ScenarioError
from millwright.scenario.load import LoadedScenario, read_scenario

HEAD = """
organisation: {country: DE, employees: 100}
sites: [{name: room, kind: owned}]
workloads:
"""
SEARCH = """  - name: search
    kind: embedding
    model: bge-m3
    traffic: {rate: 5 /s, input: 300 tokens}
    slo: {e2e: 200 ms}
"""


def _read(text: str) -> LoadedScenario:
    return read_scenario(HEAD + text, Path("rag.yaml"))


def _service(loaded: LoadedScenario) -> Service:
    workload = loaded.scenario.workloads[0]
    model = loaded.catalog.model(workload.model)
    return workload_demand(workload, model, loaded.patterns[workload.name], 12, seed=0).service


def _best(text: str, device: str) -> ReplicaPerformance:
    loaded = _read(text)
    model = loaded.catalog.model(loaded.scenario.workloads[0].model)
    found = answer_device(_service(loaded), model, load_catalog().device(device), [1], Allowed())[1].performance
    assert found is not None
    return found


def test_an_embedding_has_one_result_and_no_tokens_to_wait_for() -> None:
    service = _service(_read(SEARCH))
    assert set(service.requests.output_tokens) == {1}
    outcomes = _best(SEARCH, "l4").candidate.serve(service.at_rate()(1.0))
    assert np.all(outcomes.first_token_s == outcomes.finish_s)


def test_a_faster_device_embeds_more_and_a_processor_serves_too() -> None:
    h100, l4, cpu = (_best(SEARCH, device) for device in ("h100-sxm", "l4", "xeon-6980p"))
    assert h100.rate_per_s.value > l4.rate_per_s.value > 0
    assert cpu.rate_per_s.value > 0
    assert cpu.candidate.step.basis is Basis.DATASHEET
    assert cpu.rate_per_s.high / cpu.rate_per_s.low > h100.rate_per_s.high / h100.rate_per_s.low  # nobody measured one


def test_twenty_documents_take_about_twenty_times_one() -> None:
    rerank = SEARCH.replace("embedding", "rerank").replace("input: 300 tokens", "input: 300 tokens, items: 20")
    one, twenty = (_best(text.replace("200 ms", "5 s"), "l4") for text in (SEARCH, rerank))
    assert twenty.rate_per_s.value * 20 == pytest.approx(one.rate_per_s.value, rel=0.25)


def test_texts_beyond_the_context_are_cut_as_servers_do() -> None:
    loaded = _read(SEARCH.replace("bge-m3", "bge-base-en-v1.5").replace("300 tokens", "900 tokens"))
    assert int(_service(loaded).requests.input_tokens.max()) == 512


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("kind: embedding", "kind: chat"), "is an encoder"),
        (("bge-m3", "llama-3.1-8b"), "is no encoder"),
        (("e2e: 200 ms", "ttft: 200 ms"), "no tokens to wait for"),
        (("input: 300 tokens", "input: 300 tokens, output: 3 tokens"), "generates no text"),
    ],
)
def test_what_does_not_belong_to_the_kind_is_told(change: tuple[str, str], told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        _read(SEARCH.replace(*change))


def test_the_default_limit_of_one_pass_work_is_on_the_whole_request() -> None:
    slo = _read(SEARCH.replace("    slo: {e2e: 200 ms}\n", "")).scenario.workloads[0].slo
    assert (slo.ttft_s, slo.tpot_s, slo.e2e_s) == (None, None, 0.5)
