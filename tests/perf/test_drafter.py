"""A draft's weights, cache and passes: what speculative decoding costs a step, and what it can bring at most."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.catalog.catalog import load_catalog
from millwright.catalog.precision import Precision
from millwright.measure.deployed import deployed_step_times
from millwright.perf.compile import compile_step_time
from millwright.perf.deployment import Deployment, SchedulerLimits
from millwright.perf.memory import device_weight_bytes, memory_fit
from millwright.perf.speculation import Draft, accepted_at_rate, draft_methods, known_drafts, usual_tokens
from millwright.perf.step_time import StepTime

CATALOG = load_catalog()
LIMITS = SchedulerLimits(max_num_seqs=256, max_num_batched_tokens=4096)
CONTEXT = 2000.0
PLACES = (
    ("llama-3.1-8b", "h100-sxm", 1),
    ("llama-3.3-70b", "a100-sxm-80gb", 4),
    ("deepseek-v3", "h200-sxm", 8),
    ("qwen3-30b-a3b", "mi300x", 1),
)


def _deployment(model: str, device: str, tp: int, draft: Draft | None = None) -> Deployment:
    one = CATALOG.model(model)
    precision = Precision(one.native_precision)
    return Deployment(one, CATALOG.device(device), weights=precision, tp=tp, limits=LIMITS, draft=draft)


def _head(tokens: int, rate: float) -> Draft:
    return Draft(tokens, accepted_at_rate(tokens, rate))


def _step_s(step: StepTime, sequences: int) -> float:
    """Return the time of a step in which so many sequences decode [s]."""
    drafted = step.speculation
    places = 1 if drafted is None else 1 + drafted.draft.tokens
    seconds = step.decode_tokens_s[sequences * places] + sequences * (step.seq_s + step.kv_s * CONTEXT)
    return float(seconds + (0.0 if drafted is None else drafted.draft_s[sequences]))


def test_the_head_of_deepseek_v3_is_as_large_as_its_report_says() -> None:
    plain = _deployment("deepseek-v3", "h200-sxm", 1)
    more = device_weight_bytes(replace(plain, draft=_head(1, 0.85))) - device_weight_bytes(plain)
    # 11.5 billion parameters of its own beside the embedding and head that it shares (README_WEIGHTS.md), in fp8
    assert more == pytest.approx(11.5e9, rel=0.03)


def test_the_cache_of_a_head_is_that_of_one_layer_more() -> None:
    plain = memory_fit(_deployment("deepseek-v3", "h200-sxm", 8))
    drafting = memory_fit(_deployment("deepseek-v3", "h200-sxm", 8, _head(1, 0.85)))
    assert drafting.kv_bytes_per_token == pytest.approx(plain.kv_bytes_per_token * 62 / 61)
    assert drafting.kv_capacity_tokens < plain.kv_capacity_tokens


def test_a_draft_model_takes_its_own_weights_and_cache() -> None:
    small = CATALOG.model("llama-3.2-1b")
    plain = _deployment("llama-3.3-70b", "h100-sxm", 4)
    draft = replace(_head(4, 0.7), model=small)
    more = device_weight_bytes(replace(plain, draft=draft)) - device_weight_bytes(plain)
    assert more == pytest.approx(small.weight_bytes(Precision.BF16) / 4, rel=0.05)
    one, other = memory_fit(replace(plain, draft=draft)), memory_fit(plain)
    assert one.kv_bytes_per_token - other.kv_bytes_per_token == pytest.approx(
        small.kv_bytes_per_token(Precision.BF16) / 4
    )


def test_what_is_looked_up_in_the_prompt_takes_no_memory() -> None:
    plain = _deployment("llama-3.1-8b", "h100-sxm", 1)
    drafting = replace(plain, draft=draft_methods()["ngram"])
    assert device_weight_bytes(drafting) == device_weight_bytes(plain)
    assert memory_fit(drafting).kv_bytes_per_token == memory_fit(plain).kv_bytes_per_token


@settings(max_examples=40, deadline=None)
@given(
    where=st.sampled_from(PLACES),
    tokens=st.integers(1, 5),
    rate=st.floats(0.0, 1.0),
    sequences=st.sampled_from([1, 3, 16, 100, 256]),
)
def test_a_step_that_verifies_is_longer_and_brings_at_most_what_is_accepted(
    where: tuple[str, str, int], tokens: int, rate: float, sequences: int
) -> None:
    plain = _deployment(*where)
    drafting = replace(plain, draft=_head(tokens, rate))
    for one, other in (
        [compile_step_time(each, context_tokens=CONTEXT) for each in (plain, drafting)],
        [each.step for each in deployed_step_times([plain, drafting], input_tokens=1900.0, output_tokens=200.0)],
    ):
        assert _step_s(other, sequences) > _step_s(one, sequences)
        assert (other.tokens_s[1:] >= one.tokens_s[1:]).all()


@pytest.mark.parametrize("where", PLACES)
def test_a_draft_brings_less_the_larger_the_batch_of_a_dense_model(where: tuple[str, str, int]) -> None:
    plain, draft = _deployment(*where), _head(3, 0.6)
    one, other = (compile_step_time(each, context_tokens=CONTEXT) for each in (plain, replace(plain, draft=draft)))
    gains = [_step_s(one, n) * draft.tokens_per_step / _step_s(other, n) for n in (1, 8, 32, 64, 128, 256)]
    if plain.model.is_moe:  # more tokens meet more experts: the gain of small batches is smaller, but it is there
        assert max(gains) < draft.tokens_per_step
        return
    assert all(later < 1.01 * earlier for earlier, later in itertools.pairwise(gains))
    assert gains[0] > 1.5
    assert gains[-1] < 0.9 * gains[0]


def test_every_known_draft_names_its_source_and_counts_as_assumed() -> None:
    for model in CATALOG.models():
        for known in known_drafts(model.id):
            origin = known.draft.origin
            assert origin is not None
            assert origin.source
            assert origin.date
            assert origin.quality == "C"
            assert known.draft.log_sigma > 0.0
            assert origin.checkpoint or known.shipped


def test_no_acceptance_is_usual_for_a_draft_model() -> None:
    assert "draft-model" not in draft_methods()
    assert usual_tokens()["draft-model"] > 0
