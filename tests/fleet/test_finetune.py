"""Fine-tuning: counts against published ones, memory by hand, laws of time and cost, idle hours."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from fleet_cases import CATALOG
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from millwright.cli.main import app
from millwright.fleet.finetune import training_options, utilisation_of, worst_wait_h
from millwright.perf.training import (
    Method,
    TrainingRun,
    adapter_parameters,
    training_flop,
    training_memory,
    training_time_s,
)

LLAMA_8B = CATALOG.model("llama-3.1-8b")
RUN = TrainingRun(LLAMA_8B, Method.LORA, 50e6)


@pytest.mark.parametrize(
    ("model", "rank", "published"),
    [  # as PEFT prints them for all linear layers: "trainable params: …"
        ("llama-2-7b", 16, 39_976_960),
        ("llama-3.1-8b", 16, 41_943_040),
        ("mistral-7b-v0.1", 16, 41_943_040),
    ],
)
def test_adapters_have_as_many_weights_as_published(model: str, rank: int, published: int) -> None:
    assert adapter_parameters(CATALOG.model(model), rank) == published


def test_qlora_of_65_billion_weights_fits_48_gb_and_full_training_needs_more_than_780() -> None:
    """Dettmers et al., arXiv 2305.14314, abstract and introduction; their optimizer is paged to the host's memory."""
    model = CATALOG.model("llama-65b") if _known("llama-65b") else CATALOG.model("llama-2-70b")
    scale = 65.2e9 / model.weight_parameters()
    small = training_memory(TrainingRun(model, Method.QLORA, 1e6, sequence_tokens=512, lora_rank=64), 1)
    assert 33e9 < (small.total_bytes - small.optimizer_bytes) * scale < 48e9
    full = training_memory(TrainingRun(model, Method.FULL, 1e6, sequence_tokens=512), 1)
    assert full.total_bytes * scale > 780e9


def _known(name: str) -> bool:
    return name in {each.id for each in CATALOG.models()}


def test_full_training_keeps_sixteen_bytes_for_each_weight() -> None:
    memory = training_memory(replace(RUN, method=Method.FULL), 1)
    states = memory.weights_bytes + memory.gradients_bytes + memory.optimizer_bytes
    assert states == pytest.approx(16.0 * LLAMA_8B.weight_parameters())


def test_states_are_divided_and_activations_are_not() -> None:
    one, eight = training_memory(RUN, 1), training_memory(RUN, 8)
    assert eight.weights_bytes == pytest.approx(one.weights_bytes / 8)
    assert eight.activations_bytes == one.activations_bytes


def test_checkpointing_trades_memory_for_a_third_more_work() -> None:
    full = replace(RUN, method=Method.FULL)
    kept, again = replace(full, checkpointing=False), full
    assert training_memory(again, 1).activations_bytes < training_memory(kept, 1).activations_bytes
    assert training_flop(again) / training_flop(kept) == pytest.approx(4 / 3, rel=1e-6)


def test_full_training_takes_six_flop_per_weight_and_token() -> None:
    full = replace(RUN, method=Method.FULL, checkpointing=False, sequence_tokens=1)
    weights = LLAMA_8B.active_parameters(embeddings=False)
    assert training_flop(full) == pytest.approx(6.0 * weights * full.tokens, rel=1e-3)
    lora = replace(full, method=Method.LORA)
    assert training_flop(lora) / training_flop(full) == pytest.approx(4 / 6, rel=0.02)


def test_each_way_needs_less_memory_than_the_last() -> None:
    totals = [training_memory(replace(RUN, method=method), 1).total_bytes for method in Method]
    assert totals == sorted(totals, reverse=True)


def test_time_falls_with_devices_and_its_interval_is_that_of_utilisation() -> None:
    h100 = CATALOG.device("h100-sxm")
    share = utilisation_of(h100, Method.LORA)
    one, eight = training_time_s(RUN, h100, 1, share), training_time_s(RUN, h100, 8, share)
    assert eight.value == pytest.approx(one.value / 8)
    assert one.low == pytest.approx(one.value * share.value / share.high)
    assert share.source


def test_every_device_has_a_utilisation_for_every_method() -> None:
    for device in CATALOG.devices():
        for method in Method:
            share = utilisation_of(device, method)
            assert 0.0 < share.low < share.value < share.high < 1.0


def test_options_are_cheapest_first_and_refusals_have_figures() -> None:
    found, cannot = training_options(replace(RUN, method=Method.FULL), CATALOG)
    costs = [each.cost_usd.value for each in found]
    assert costs == sorted(costs)
    assert all(each.memory.total_bytes < (each.device.memory_bytes or 0.0) for each in found)
    assert any("GB of each of" in each.reason for each in cannot)


def test_the_command_answers_and_says_what_is_wrong() -> None:
    asked = ["finetune", "--model", "llama-3.1-8b", "--tokens", "50M", "--device", "h100-sxm"]
    ran = CliRunner().invoke(app, [*asked, "--json"])
    assert ran.exit_code == 0, ran.output
    answer = json.loads(ran.stdout)
    assert {each["device"] for each in answer["options"]} == {"h100-sxm"}
    assert CliRunner().invoke(app, [*asked, "--method", "qlora"]).exit_code == 0
    wrong = CliRunner().invoke(app, ["finetune", "--model", "llama-3.1-8b", "--tokens", "many"])
    assert "Write 50M" in str(wrong.exception)
    nowhere = CliRunner().invoke(app, ["finetune", "--model", "deepseek-v3", "--tokens", "1M", "--method", "full",
                                       "--device", "l4"])  # fmt: skip
    assert nowhere.exit_code == 1


@given(
    st.lists(st.sampled_from((0.0, 0.5, 1.0)), min_size=24, max_size=24).filter(any),
    st.floats(0.1, 60.0),
)
def test_the_worst_wait_is_that_of_every_start_tried(day: list[float], hours: float) -> None:
    free = np.array(day * 7)

    def wait(start: int) -> int:
        done, hour = 0.0, start
        while done < hours - 1e-9:
            done += free[hour % 168]
            hour += 1
        return hour - start

    assert worst_wait_h(hours, free) == pytest.approx(max(wait(start) for start in range(168)))


def test_a_machine_that_never_rests_is_waited_for_for_ever() -> None:
    assert worst_wait_h(1.0, np.zeros(168)) == np.inf
    assert worst_wait_h(168.0, np.ones(168)) == pytest.approx(168.0)
    assert worst_wait_h(336.5, np.ones(168)) == pytest.approx(337.0)
