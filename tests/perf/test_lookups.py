"""Step times of recommenders: never below what bandwidth and peak allow, and larger batches cost less per item."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.catalog.architecture import WeightPart
from millwright.catalog.catalog import load_catalog
from millwright.catalog.precision import Compute
from millwright.perf.deployment import Deployment, Engine
from millwright.perf.memory import memory_fit
from millwright.perf.pass_time import UNSEEN_DEVICE_LOG_SIGMA, pass_step_time
from millwright.quantity import Basis

CATALOG = load_catalog()
MODELS = ("dlrm-dcnv2", "dlrm-criteo-terabyte", "dlrm-criteo-kaggle")
DEVICES = ("h100-sxm", "l4", "xeon-8592plus", "epyc-9654", "ampereone-a192-32x")


def _deployment(model: str, device: str, tp: int = 1) -> Deployment:
    return Deployment(CATALOG.model(model), CATALOG.device(device), Engine("torchrec"), tp=tp)


@given(st.sampled_from(MODELS), st.sampled_from(DEVICES), st.sampled_from((1, 2, 8)), st.integers(1, 8192))
def test_no_batch_beats_the_bandwidth_or_the_peak(model: str, device: str, tp: int, items: int) -> None:
    deployment = _deployment(model, device, tp)
    step, sizes = pass_step_time(deployment, input_tokens=1.0), deployment.model.recommender
    assert sizes is not None
    row = deployment.model.part_bytes_per_weight(WeightPart.EMBEDDING, deployment.weights) * sizes.dimension
    bandwidth = deployment.device.memory_bandwidth_bytes_per_s
    peak = deployment.device.peak_flop_per_s.get(Compute.BF16)
    assert bandwidth
    assert step.tokens_s[items] * tp >= items * sizes.lookups * row / bandwidth
    if peak:
        flop = 2.0 * items * sum(inputs * outputs for inputs, outputs in sizes.matrices())
        assert step.tokens_s[items] * tp >= flop / peak


@given(st.sampled_from(MODELS), st.sampled_from(DEVICES), st.integers(1, 12))
def test_a_larger_batch_takes_longer_and_costs_less_per_item(model: str, device: str, power: int) -> None:
    table = pass_step_time(_deployment(model, device), input_tokens=1.0).tokens_s
    small, large = 1 << (power - 1), 1 << power
    assert table[large] >= table[small]
    assert table[large] / large <= table[small] / small * (1 + 1e-9)


def test_nobody_measured_one_and_the_interval_says_so() -> None:
    for device in DEVICES:
        step = pass_step_time(_deployment("dlrm-dcnv2", device), input_tokens=1.0)
        assert step.basis in (Basis.DATASHEET, Basis.ASSUMED)
        assert step.prefill_log_sigma >= UNSEEN_DEVICE_LOG_SIGMA
        assert step.prefill_s == 0.0  # items do not look at each other


def test_lookups_weigh_more_on_a_processor_than_products_do() -> None:
    """Tables of many lookups against one with few: bandwidth parts processor and accelerator, not peaks alone."""
    times = {
        (model, device): pass_step_time(_deployment(model, device), input_tokens=1.0).tokens_s[8192]
        for model in MODELS
        for device in ("h100-sxm", "xeon-8592plus")
    }
    assert times["dlrm-dcnv2", "xeon-8592plus"] > 4 * times["dlrm-dcnv2", "h100-sxm"]
    assert times["dlrm-criteo-kaggle", "xeon-8592plus"] < 4 * times["dlrm-criteo-kaggle", "h100-sxm"]


def test_tables_fit_a_processor_and_are_divided_over_cards() -> None:
    assert memory_fit(_deployment("dlrm-dcnv2", "xeon-8592plus")).fits
    assert not memory_fit(_deployment("dlrm-dcnv2", "l4")).fits
    one, two = (memory_fit(_deployment("dlrm-dcnv2", "l40s", tp)) for tp in (1, 2))
    assert not one.fits
    assert two.fits
    assert two.weights_bytes == pytest.approx(one.weights_bytes / 2)
