"""One-pass models: their sizes, and how long a pass takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.catalog.catalog import load_catalog
from millwright.catalog.precision import Compute
from millwright.perf.compile import compile_step_time, step_floor_s
from millwright.perf.deployment import Deployment, Engine, SchedulerLimits
from millwright.perf.memory import memory_fit
from millwright.perf.pass_time import pass_step_time, with_items
from millwright.quantity import Basis


def _deployed(model: str, device: str = "l4", engine: str = "vllm") -> Deployment:
    catalog = load_catalog()
    limits = SchedulerLimits(256, 8192, max_model_len_tokens=8192, chunked_prefill=False)
    return Deployment(catalog.model(model), catalog.device(device), Engine(engine), limits=limits)


@pytest.mark.parametrize(("model", "weights"), [("BAAI/bge-m3", 567_754_752), ("bert-base", 109_482_240)])
def test_an_encoder_has_exactly_the_weights_of_its_checkpoint(model: str, weights: int) -> None:
    assert load_catalog().model(model).weight_parameters() == weights


@pytest.mark.parametrize("model", ["all-minilm-l6-v2", "bge-base-en-v1.5", "bge-reranker-v2-m3"])
def test_no_pass_beats_the_roofline(model: str) -> None:
    deployment = _deployed(model)
    step = pass_step_time(deployment, input_tokens=512)
    floor, _, pair_s = step_floor_s(deployment, 512, len(step.tokens_s))
    assert np.all(step.tokens_s >= floor)
    assert step.prefill_s >= pair_s


def test_the_roofline_of_a_pass_is_what_its_products_and_attention_take_at_peak() -> None:
    deployment = _deployed("bge-large-en-v1.5")
    n, peak = 512, deployment.device.peak_flop_per_s[Compute.BF16]
    table, _, pair_s = step_floor_s(deployment, n, 8193)
    per_token = 2 * 24 * (4 * 1024 * 1024 + 2 * 1024 * 4096)  # FLOP of the matrices of 24 layers
    attention = 24 * 4 * 1024 * n * n  # scores and weighted sum: every token meets every token
    assert pair_s * n * n / 2 == pytest.approx(attention / peak, rel=1e-6)
    assert table[8192] == pytest.approx(per_token * 8192 / peak, rel=0.02)  # what makes one vector is small


def test_an_encoder_keeps_no_cache() -> None:
    fit = memory_fit(_deployed("bge-m3"))
    assert fit.fits
    assert fit.kv_bytes_per_token == 0.0


def test_a_pass_is_at_best_extrapolated_and_less_sure_on_a_device_unseen() -> None:
    seen, unseen = _deployed("bge-m3", "h100-sxm"), _deployed("bge-m3", "xeon-6980p", "llama.cpp")
    on_gpu, on_cpu = (pass_step_time(each, input_tokens=512) for each in (seen, unseen))
    assert (on_gpu.basis, on_cpu.basis) == (Basis.EXTRAPOLATED, Basis.DATASHEET)
    raw = compile_step_time(seen, context_tokens=512)
    assert raw.prefill_log_sigma < on_gpu.prefill_log_sigma < on_cpu.prefill_log_sigma


@given(texts=st.integers(1, 16), tokens=st.integers(16, 512))
def test_equal_texts_in_one_request_take_what_they_take_apart_in_one_batch(texts: int, tokens: int) -> None:
    table, pair_s, whole = np.linspace(0.0, 1.0, 8193), 1e-9, texts * tokens
    folded, pairs = with_items(table, pair_s, float(tokens))
    assert pairs == 0.0
    assert folded[whole] == pytest.approx(table[whole] + texts * pair_s * tokens**2 / 2)


def test_a_longer_text_costs_more_per_token() -> None:
    deployment = _deployed("bge-m3")
    short, long = (
        pass_step_time(replace(deployment, item_tokens=tokens), input_tokens=tokens) for tokens in (128.0, 4096.0)
    )
    assert long.tokens_s[8192] > short.tokens_s[8192]
