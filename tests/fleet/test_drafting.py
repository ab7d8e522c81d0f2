"""Speculative decoding in the search: its bounds are bounds, it costs memory, and it gains where batches are small."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import yaml
from fleet_cases import CATALOG, LIMITS, candidate, drafting, drafts, service, step_time, step_times
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.catalog.precision import Precision
from millwright.fleet.bounds import rate_bound
from millwright.fleet.contest import Evaluations, Fate, contest
from millwright.fleet.drafting import draft_settings, offers_draft
from millwright.fleet.front import idle_latency_s
from millwright.fleet.replica import Allowed, Candidate, Prospect, Service, evaluate, prospects
from millwright.fleet.search import MachineAnswer, answer_device
from millwright.perf.deployment import Deployment, Engine
from millwright.perf.speculation import Draft, DraftOrigin, accepted_at_rate
from millwright.perf.step_time import StepTime
from millwright.simulate.drafting import passes_of_answers
from millwright.simulate.load import simulate_open
from millwright.simulate.slo import Slo
from millwright.traffic.requests import Requests

COARSE = 0.05


@settings(max_examples=300, deadline=None)
@given(
    step=step_times(),
    draft=drafts(),
    draft_token_s=st.sampled_from([0.0, 1e-6, 1e-4]),
    seed=st.integers(0, 2**32 - 1),
    longest=st.sampled_from([3, 100, 900]),
    sequences=st.sampled_from([1, 4, 64]),
    tight=st.booleans(),
)
def test_no_schedule_with_a_draft_finishes_requests_faster_than_the_bound(
    step: StepTime, draft: Draft, draft_token_s: float, seed: int, longest: int, sequences: int, tight: bool
) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.choice([1, 5, 60]))
    waiting = Requests(np.zeros(n), rng.integers(1, longest + 1, n), rng.integers(1, 200, n))
    speculating = drafting(step, draft, sequences, draft_token_s)
    limits = replace(LIMITS, max_num_seqs=sequences)
    kv_capacity_tokens = 2500 if tight else 1_000_000
    bound = rate_bound(Service(waiting, None), speculating, limits, kv_capacity_tokens)
    outcomes = simulate_open(waiting, speculating, limits, kv_capacity_tokens)
    if outcomes.served.any():
        assert len(waiting) / float(outcomes.finish_s[outcomes.served].max()) <= bound * (1.0 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(step=step_times(), draft=drafts(), seed=st.integers(0, 1000), offline=st.booleans())
def test_the_bound_of_a_draft_is_never_below_what_the_simulator_finds(
    step: StepTime, draft: Draft, seed: int, offline: bool
) -> None:
    served = service(None if offline else Slo(ttft_s=5.0, tpot_s=0.1), n=1500, seed=seed)
    one = candidate(served, drafting(step, draft))
    found = evaluate(served, one, COARSE)
    # the saturated rate is read from the middle of a finite run, whose requests may be a few per cent lighter
    assert found.rate_per_s.value <= one.bound_per_device_per_s * 1.08


@settings(max_examples=100, deadline=None)
@given(draft=drafts(), outputs=st.lists(st.integers(1, 400), min_size=1, max_size=20))
def test_answers_take_no_fewer_steps_than_their_draft_allows_and_no_more_than_tokens(
    draft: Draft, outputs: list[int]
) -> None:
    lengths = np.array(outputs)
    steps, late, before = passes_of_answers(draft, lengths)
    assert (steps <= lengths - 1).all()
    assert (steps * (1 + draft.tokens) >= lengths - 1).all()
    assert ((late >= 0) & (late <= steps)).all()
    assert (before <= (lengths - 1) * lengths / 2.0).all()
    if draft.accepted[0] == 1.0:  # always wrong: one token a step, as without a draft
        assert (steps == lengths - 1).all()
        assert (before == (lengths - 1) * lengths / 2.0).all()


# --- the search -------------------------------------------------------------------------------------------------

HEAD = Draft(
    3,
    accepted_at_rate(3, 0.7),
    vocabulary=32_000,
    weights=Precision.BF16,
    origin=DraftOrigin("eagle3", "EAGLE-3 head", 0.7, "somebody/eagle3"),
)
NEVER_RIGHT = replace(HEAD, accepted=accepted_at_rate(3, 0.0))
TIGHT, LOOSE = Slo(ttft_s=2.0, tpot_s=0.008), Slo(ttft_s=2.0, tpot_s=0.2)


def _answer(slo: Slo | None, *drafted: Draft, model: str = "llama-3.1-8b", count: int = 1) -> MachineAnswer:
    allowed = Allowed(drafts=drafted)
    served = service(slo, n=600)
    return answer_device(served, CATALOG.model(model), CATALOG.device("h100-sxm"), [count], allowed)[count]


def test_a_draft_wins_where_tokens_must_come_quickly_and_batches_are_small() -> None:
    answer = _answer(TIGHT, HEAD)
    assert answer.performance is not None
    assert answer.performance.candidate.deployment.draft == HEAD
    assert answer.plain is not None
    assert answer.machine_rate_per_s > 1.05 * answer.plain.machine_rate_per_s


@pytest.mark.parametrize("slo", [LOOSE, None])
def test_a_draft_loses_where_batches_are_large(slo: Slo | None) -> None:
    answer = _answer(slo, HEAD)
    assert answer.performance is not None
    assert answer.performance.candidate.deployment.draft is None
    assert answer.plain is None
    drafting = [each for each in answer.considered if each.deployment.draft is not None]
    assert drafting
    assert all(each.fate is not Fate.BEST and each.reason for each in drafting)


@pytest.mark.parametrize("slo", [TIGHT, LOOSE])
def test_a_draft_that_is_never_right_is_never_chosen(slo: Slo) -> None:
    answer = _answer(slo, NEVER_RIGHT)
    assert answer.performance is not None
    assert answer.performance.candidate.deployment.draft is None


def test_what_is_found_without_a_draft_is_what_is_found_where_none_is_allowed() -> None:
    plain, beside = _answer(TIGHT), _answer(TIGHT, HEAD).plain
    assert beside is not None
    assert (beside.machine_rate_per_s, beside.sure_machine_rate_per_s) == (
        plain.machine_rate_per_s,
        plain.sure_machine_rate_per_s,
    )
    assert not any(each.deployment.draft for each in plain.considered)


def test_no_pruned_draft_could_have_won() -> None:
    served = service(Slo(ttft_s=1.0, tpot_s=0.05), n=600)
    model, device, count = CATALOG.model("llama-3.3-70b"), CATALOG.device("h100-sxm"), 4
    allowed = Allowed(drafts=(HEAD, replace(HEAD, tokens=1, accepted=accepted_at_rate(1, 0.7))))
    listed: list[Prospect] = []
    for with_drafts in (False, True):
        listed += prospects(
            served, model, device, engine=Engine("vllm"), most_devices=count, allowed=allowed, drafting=with_drafts
        )[0]
    outcome = contest(Evaluations(served), listed, count)
    assert outcome.best is not None
    best = _machine_rate(served, outcome.best, count)
    pruned = [each.deployment for each in outcome.considered if each.fate is Fate.PRUNED]
    assert any(each.draft is not None for each in pruned)
    for one in listed:
        assert one.candidate.bound_per_device_per_s <= one.roofline_per_device_per_s * (1.0 + 1e-9)
        if one.deployment in pruned:  # full enumeration: what was never simulated is simulated here
            assert _machine_rate(served, one.candidate, count) <= best * (1.0 + 2 * COARSE)


def _machine_rate(served: Service, one: Candidate, count: int) -> float:
    return evaluate(served, one, COARSE).rate_per_s.value * (count // one.device_count)


def test_a_step_has_room_for_every_sequences_draft() -> None:
    answer = _answer(TIGHT, replace(HEAD, tokens=16, accepted=accepted_at_rate(16, 0.7)))
    for each in answer.considered:
        limits, draft = each.deployment.limits, each.deployment.draft
        if draft is not None:
            assert limits.max_num_seqs * (1 + draft.tokens) <= limits.max_num_batched_tokens


def test_alone_a_request_gets_several_tokens_a_step() -> None:
    served = service(LOOSE)
    plain = candidate(served, step_time())
    drafting_one = candidate(served, drafting(step_time(), HEAD))
    assert idle_latency_s(drafting_one, 300, 60)[1] < 0.6 * idle_latency_s(plain, 300, 60)[1]


# --- how engines are told ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["vllm", "sglang", "trtllm", "llama.cpp", "tgi"])
@pytest.mark.parametrize("method", ["mtp", "eagle3", "draft-model", "ngram"])
def test_an_engine_is_told_all_it_needs_or_does_not_offer_the_method(engine: str, method: str) -> None:
    draft = replace(HEAD, origin=DraftOrigin(method, "a draft", 0.7, "somebody/draft"))
    deployment = Deployment(CATALOG.model("llama-3.1-8b"), CATALOG.device("h100-sxm"), Engine(engine), draft=draft)
    settings_ = draft_settings(deployment)
    assert (settings_ is not None) == offers_draft(deployment, draft)
    if settings_ is None:
        assert engine == "tgi"
        return
    told = settings_.flags + settings_.file
    assert "$" not in told
    assert ("3" in told) or ("4" in told)  # the tokens, or one more
    assert ("somebody/draft" in told) == (method in ("eagle3", "draft-model"))
    assert settings_.source.startswith("http") or "llama-server" in settings_.source
    if engine == "vllm":
        stated = json.loads(settings_.flags.split("'")[1])
        assert stated["num_speculative_tokens"] == 3
    if settings_.file:
        assert yaml.safe_load(settings_.file)["speculative_config"]["max_draft_len"] == 3


def test_no_engine_is_taken_to_draft_beside_a_pipeline() -> None:
    deployment = Deployment(CATALOG.model("llama-3.1-8b"), CATALOG.device("h100-sxm"), tp=1, pp=2)
    assert not offers_draft(deployment, HEAD)
    assert offers_draft(replace(deployment, pp=1), HEAD)
