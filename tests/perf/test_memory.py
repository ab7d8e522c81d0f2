"""Memory: what fits, what does not, and why."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from test_step_time_laws import decoder, device

from millwright.catalog.architecture import AttentionKind
from millwright.catalog.catalog import load_catalog
from millwright.catalog.precision import Precision
from millwright.perf.deployment import Deployment
from millwright.perf.memory import memory_fit


def test_what_does_not_fit_says_why_and_what_to_do() -> None:
    fit = memory_fit(Deployment(decoder(layers=80, hidden=16_384), device(memory=24e9)))
    assert not fit.fits
    assert "use more devices or a smaller format" in fit.reason
    assert fit.kv_capacity_tokens == 0


@settings(deadline=None)
@given(st.floats(20e9, 300e9), st.floats(1.0, 4.0))
def test_more_memory_never_holds_fewer_tokens(memory: float, factor: float) -> None:
    deployment = Deployment(decoder(), device(memory=memory))
    more = replace(deployment, device=device(memory=memory * factor))
    assert memory_fit(more).kv_capacity_tokens >= memory_fit(deployment).kv_capacity_tokens


@settings(deadline=None)
@given(
    st.sampled_from(
        [(Precision.BF16, Precision.FP8), (Precision.FP8, Precision.NVFP4), (Precision.FP8, Precision.INT4)]
    )
)
def test_a_smaller_format_takes_less(pair: tuple[Precision, Precision]) -> None:
    wide, narrow = (memory_fit(Deployment(decoder(), device(), weights=each)) for each in pair)
    assert narrow.weights_bytes < wide.weights_bytes
    assert narrow.kv_capacity_tokens > wide.kv_capacity_tokens


def test_tensor_parallelism_divides_heads_but_not_a_latent_cache() -> None:
    grouped = [memory_fit(Deployment(decoder(), device(), tp=tp)).kv_bytes_per_token for tp in (1, 8, 16)]
    latent = [
        memory_fit(Deployment(decoder(kind=AttentionKind.MLA), device(), tp=tp)).kv_bytes_per_token for tp in (1, 8)
    ]
    assert grouped[0] == 8 * grouped[1] == 8 * grouped[2]  # 8 KV heads: 16 devices hold copies
    assert latent[0] == latent[1]


def test_attention_data_parallelism_multiplies_the_cache() -> None:
    one = memory_fit(Deployment(decoder(experts=64), device(), ep=1))
    four = memory_fit(Deployment(decoder(experts=64), device(), dp=4, ep=4, dp_attention=True))
    assert four.weights_bytes < one.weights_bytes
    assert four.kv_capacity_tokens > 4 * one.kv_capacity_tokens


def test_unknown_memory_is_no_refusal() -> None:
    assert memory_fit(Deployment(decoder(), replace(device(), memory_bytes=None))).fits


def test_weights_that_all_but_fill_a_device_leave_no_room() -> None:
    catalog = load_catalog()
    model = catalog.model("llama-3.1-70b")
    one, two = (Deployment(model, catalog.device("a100-sxm-80"), weights=Precision.INT8, tp=tp) for tp in (1, 2))
    assert not memory_fit(one).fits
    assert memory_fit(two).kv_capacity_tokens > 100_000
