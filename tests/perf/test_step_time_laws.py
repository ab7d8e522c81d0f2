"""What must hold of every step time, whatever the deployment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millwright.catalog.architecture import Architecture, Attention, AttentionKind, FeedForward, LayerGroup
from millwright.catalog.device import Device, DeviceKind
from millwright.catalog.precision import Compute, Precision
from millwright.perf.compile import compile_step_time
from millwright.perf.deployment import Deployment, Engine
from millwright.perf.operators import device_peak, step_operators
from millwright.quantity import Basis

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def decoder(
    layers: int = 32, hidden: int = 4096, experts: int = 0, kind: AttentionKind = AttentionKind.FULL
) -> Architecture:
    if kind is AttentionKind.MLA:
        attention = Attention(
            kind,
            heads=32,
            q_lora_rank=1024,
            kv_lora_rank=512,
            qk_nope_head_dim=128,
            qk_rope_head_dim=64,
            v_head_dim=128,
        )
    else:
        attention = Attention(kind, heads=32, kv_heads=8, head_dim=128, window_tokens=1024 if kind == "sliding" else 0)
    block = FeedForward(1536, experts=experts, experts_per_token=8) if experts else FeedForward(14_336)
    return Architecture(
        "test", "Test", "test", hidden, 128_000, (LayerGroup(layers, attention, block),), False, 131_072
    )


def device(bandwidth: float = 3.35e12, peak: float = 989e12, memory: float = 80e9) -> Device:
    return Device(
        id="test-device",
        name="Test device",
        vendor="Nobody",
        kind=DeviceKind.GPU,
        family="none-such",
        memory_bytes=memory,
        memory_bandwidth_bytes_per_s=bandwidth,
        peak_flop_per_s={Compute.BF16: peak, Compute.FP8: 2 * peak},
        tdp_w=700.0,
        link_bytes_per_s=450e9,
    )


deployments = st.builds(
    lambda layers, experts, kind, bandwidth, peak, engine, weights, tp, dp: Deployment(
        decoder(layers, 4096, experts, kind),
        device(bandwidth, peak),
        Engine(engine),
        weights,
        Precision.BF16,
        tp=tp,
        ep=tp * dp if experts and dp > 1 else 1,
        dp=dp,
        dp_attention=dp > 1,
    ),
    st.integers(1, 80),
    st.sampled_from([0, 32, 128, 256]),
    st.sampled_from([AttentionKind.FULL, AttentionKind.SLIDING, AttentionKind.MLA]),
    st.floats(1e11, 2e13),
    st.floats(1e13, 5e15),
    st.sampled_from(["vllm", "sglang", "trtllm", "llama.cpp", "atom", "some-new-engine"]),
    st.sampled_from(list(Precision)),
    st.sampled_from([1, 2, 4, 8]),
    st.sampled_from([1, 2, 4]),
)


def roofline_s(deployment: Deployment, tokens: int, kv_tokens: float) -> float:
    """max(Σ FLOP/peak, Σ bytes/bandwidth) of a decode step, from the model's own parameter counts.

    Of a mixture's experts only those that a single token is sent to are counted: the least that any routing reads.
    """
    model = deployment.model
    group = deployment.tp * deployment.dp
    parts = model.parameters()
    width = {part: model.part_precision(part, deployment.weights).bytes_per_weight for part in parts}
    idle = sum(g.count * g.feed_forward.idle_parameters(model.hidden_size) for g in model.layers if g.feed_forward)
    layer_bytes = sum(
        count * width[part] for part, count in parts.items() if part.value in ("attention", "dense", "shared")
    )
    expert_bytes = (parts[_part("experts")] - idle) * width[_part("experts")]
    kv_bytes = model.kv_bytes_read(deployment.kv, 1000.0) / 1000.0 * kv_tokens
    read = (layer_bytes + expert_bytes + kv_bytes / deployment.dp) / group
    peak, _ = device_peak(deployment, deployment.weights.compute)
    best = max(peak, *deployment.device.peak_flop_per_s.values())
    active = (
        model.active_parameters(embeddings=False)
        - parts[_part("head")]
        - parts[_part("router")]
        - parts[_part("small")]
    )
    flop = 2.0 * active * tokens / group
    return max(flop / best, read / float(deployment.device.memory_bandwidth_bytes_per_s or 1.0))


def _part(name: str):  # type: ignore[no-untyped-def]
    from millwright.catalog.architecture import WeightPart

    return WeightPart(name)


@QUICK
@given(deployments, st.sampled_from([1, 2, 7, 32, 100, 256]), st.sampled_from([100, 1000, 20_000]))
def test_no_step_beats_the_roofline(deployment: Deployment, sequences: int, context: int) -> None:
    step = compile_step_time(deployment, context_tokens=1000.0)
    kv_tokens = float(sequences * context)
    predicted = step.decode_tokens_s[sequences] + step.kv_s * kv_tokens + step.seq_s * sequences
    assert predicted >= roofline_s(deployment, sequences, kv_tokens) * (1 - 1e-9)


@QUICK
@given(deployments)
def test_more_tokens_are_never_faster(deployment: Deployment) -> None:
    step = compile_step_time(deployment, context_tokens=2000.0)
    for table in (step.tokens_s, step.decode_tokens_s):
        assert table[0] == 0.0
        assert np.isfinite(table).all()
        assert (np.diff(table[1:]) >= 0).all()
    assert min(step.kv_s, step.prefill_s, step.seq_s, step.request_s) >= 0.0


@QUICK
@given(deployments, st.floats(1.01, 10.0))
def test_more_bandwidth_is_never_slower(deployment: Deployment, factor: float) -> None:
    bandwidth = float(deployment.device.memory_bandwidth_bytes_per_s or 1.0)
    faster = replace(deployment, device=replace(deployment.device, memory_bandwidth_bytes_per_s=bandwidth * factor))
    before = compile_step_time(deployment, context_tokens=2000.0)
    after = compile_step_time(faster, context_tokens=2000.0)
    assert (after.tokens_s <= before.tokens_s * (1 + 1e-12)).all()
    assert (after.decode_tokens_s <= before.decode_tokens_s * (1 + 1e-12)).all()
    assert after.kv_s <= before.kv_s * (1 + 1e-12)


@QUICK
@given(deployments, st.floats(1.01, 10.0))
def test_a_higher_peak_is_never_slower(deployment: Deployment, factor: float) -> None:
    peaks = {name: peak * factor for name, peak in deployment.device.peak_flop_per_s.items()}
    before = compile_step_time(deployment, context_tokens=2000.0)
    after = compile_step_time(
        replace(deployment, device=replace(deployment.device, peak_flop_per_s=peaks)), context_tokens=2000.0
    )
    assert (after.tokens_s <= before.tokens_s * (1 + 1e-12)).all()
    assert after.prefill_s <= before.prefill_s


@pytest.mark.parametrize("missing", ["memory_bandwidth_bytes_per_s", "peak_flop_per_s", "both"])
def test_an_unknown_figure_is_assumed_and_said(missing: str) -> None:
    changes: dict[str, object] = {"memory_bandwidth_bytes_per_s": None, "peak_flop_per_s": {}}
    chosen = changes if missing == "both" else {missing: changes[missing]}
    deployment = Deployment(decoder(), replace(device(), **chosen))  # type: ignore[arg-type]
    step = compile_step_time(deployment, context_tokens=1000.0)
    assert step.basis is Basis.ASSUMED
    assert step.decode_tokens_s[1] > 0
    assert step_operators(deployment, 1000.0).assumed


def test_an_unknown_device_gets_a_wider_spread_than_a_known_one() -> None:
    from millwright.catalog.catalog import load_catalog

    catalog = load_catalog()
    known = Deployment(catalog.model("llama-3.1-70b"), catalog.device("h200-sxm"), tp=4)
    unknown = Deployment(decoder(), device())
    assert (
        compile_step_time(known, context_tokens=1000.0).decode_log_sigma
        < compile_step_time(unknown, context_tokens=1000.0).decode_log_sigma
    )


def test_a_sliding_window_costs_less_per_cached_token_the_longer_the_context() -> None:
    deployment = Deployment(decoder(kind=AttentionKind.SLIDING), device())
    short = compile_step_time(deployment, context_tokens=500.0)
    long = compile_step_time(deployment, context_tokens=50_000.0)
    assert long.kv_s == pytest.approx(short.kv_s * 1024 / 50_000, rel=1e-6)


def test_experts_hit_follow_the_expected_number_of_distinct_draws() -> None:
    from millwright.perf.timing import distinct_experts

    one = np.array([[1.0]])
    hit = distinct_experts(np.array([[256.0]]), np.array([[8.0]]), one * 64, one)
    assert hit[0, 0] == pytest.approx(256 * (1 - (1 - 8 / 256) ** 64))
    assert distinct_experts(np.array([[256.0]]), np.array([[8.0]]), one, one * 0.5)[0, 0] == pytest.approx(8.0)
