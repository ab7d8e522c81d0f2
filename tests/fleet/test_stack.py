"""Which engine a device is planned with."""

from __future__ import annotations

import pytest
from fleet_cases import CATALOG, MODEL

from millwright.fleet.platform import platforms
from millwright.fleet.stack import default_limits, engine_for, engines_of
from millwright.perf.engines import engine_profile, engine_profiles
from millwright.scenario.model import Limits, OwnedSite


def test_every_device_has_an_engine_that_is_known() -> None:
    for device in CATALOG.devices():
        assert engines_of(device)
        assert set(engines_of(device)) <= set(engine_profiles())
        assert engine_for(device).name == engines_of(device)[0]


@pytest.mark.parametrize(
    ("device", "allowed", "engine"),
    [
        ("h100-sxm", None, "vllm"),
        ("h100-sxm", ("SGLang",), "sglang"),
        ("h100-sxm", ("TensorRT-LLM", "SGLang"), "sglang"),
        ("mi300x", ("vLLM",), "vllm"),
        ("m4-max", None, "llama.cpp"),
    ],
)
def test_the_usual_engine_among_the_allowed_is_taken(device: str, allowed: tuple[str, ...] | None, engine: str) -> None:
    assert engine_for(CATALOG.device(device), allowed).name == engine


def test_without_an_allowed_engine_a_device_is_left_out_and_says_so() -> None:
    with pytest.raises(LookupError, match="vllm"):
        engine_for(CATALOG.device("mi300x"), ("TensorRT-LLM",))
    room = OwnedSite(name="room", country="DE")
    kept, left_out = platforms(room, CATALOG, Limits(engines=("TensorRT-LLM",)))
    assert kept
    assert {one.device.vendor for one in kept} == {"NVIDIA"}
    assert all("TensorRT-LLM" in one.reason for one in left_out)


def test_limits_are_the_engines_own_and_the_models_context() -> None:
    engine = engine_for(CATALOG.device("h100-sxm"))
    limits, profile = default_limits(engine, MODEL), engine_profile(engine.name)
    assert limits.max_num_seqs == profile.max_num_seqs
    assert limits.max_num_batched_tokens == profile.max_num_batched_tokens
    assert limits.max_model_len_tokens == MODEL.max_context_tokens
