"""Tasks tell how long prompts are and which part of a run counts; a short run measures little but its first wave."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.catalog.catalog import load_catalog
from millwright.measure.points import ServingPoint, points_of
from millwright.measure.resolve import Resolver
from millwright.measure.serving import arrange_points, measured_window
from millwright.measure.tasks import Task, known_tasks

CATALOG = load_catalog()

ROW: dict[str, Any] = {
    "accelerator": "NVIDIA H100",
    "model": "Qwen/Qwen3-8B",
    "precision_weights": "bfloat16",
    "engine": "vllm",
    "osl": 650.0,
    "isl_dist": "lm-arena-chat",
    "concurrency_or_rate": 32.0,
    "load_kind": "max_num_seqs (saturating load, steady state)",
}


def point(**changes: object) -> ServingPoint:
    return points_of(pl.DataFrame([ROW | changes], strict=False))[0]


def run(requests: int, repeats: int = 1) -> Task:
    return Task("t", 100.0, 0.0, (), requests, ((8, 1), (4096, repeats)))


def test_a_prompt_of_unstated_length_is_its_tasks_and_what_turns_repeat_is_in_the_cache() -> None:
    chat = point()
    task = known_tasks()["lm-arena-chat"]
    assert chat.input_tokens + chat.context_tokens == pytest.approx(task.prompt_tokens)
    assert chat.context_tokens == task.shared_tokens > 0.0


def test_a_stated_length_counts_more_than_the_tasks() -> None:
    stated = point(isl=64.0)
    assert (stated.input_tokens, stated.context_tokens) == (64.0, 0.0)


def test_models_read_the_same_picture_as_more_or_fewer_tokens() -> None:
    read = {
        name: point(isl_dist="image-chat", model=name).input_tokens
        for name in ("google/gemma-3-12b-it", "Qwen/Qwen3-VL-8B-Instruct", "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-BF16")
    }
    assert sorted(read.values()) == list(read.values())
    assert len(set(read.values())) == 3


@given(st.integers(1, 4096), st.integers(1, 4096), st.integers(1, 40))
def test_a_longer_run_is_nearer_to_a_steady_one(users: int, requests: int, more: int) -> None:
    short, long = run(requests).window(float(users)), run(requests + 100 * more).window(float(users))
    assert 0.0 < short.prompts <= long.prompts <= 1.0
    assert 0.0 < short.age <= long.age <= 0.75 + 1e-9


def test_a_run_of_hardly_more_requests_than_users_has_computed_its_prompts_before() -> None:
    first_wave, endless = run(1024).window(1000.0), run(1_000_000).window(8.0)
    assert first_wave.prompts < 0.2
    assert endless.prompts == pytest.approx(1.0, abs=0.01)
    assert endless.age == pytest.approx(0.75, abs=0.01)


def test_requests_are_repeated_where_there_are_many_users() -> None:
    assert run(200, 12).window(2000.0) == run(2400).window(2000.0)


def test_the_window_is_as_drawn_slots_have_it() -> None:
    # gamma-distributed answers in slots that never rest, until all but the last slots' requests are done
    rng = np.random.default_rng(5)
    users, requests = 256, 1024
    window = run(requests).window(float(users))
    ends = np.cumsum(rng.gamma(2.0, 0.5, (users, 64)), axis=1)
    done_at = np.sort(ends.ravel())
    length = float(done_at[requests - users - 1])
    instants = np.linspace(0.0, length, 400)
    ages = [t - np.where(ends <= t, ends, 0.0).max(axis=1) for t in instants]
    assert window.prompts == pytest.approx((requests - users) / (users * length), rel=0.05)
    assert window.age == pytest.approx(float(np.mean(ages)), rel=0.1)


def test_only_saturated_runs_of_a_known_task_have_a_window() -> None:
    assert measured_window(point()) is not None
    assert measured_window(point(isl_dist="other")) is None
    assert measured_window(point(load_kind="max concurrency (closed loop)")) is None
    arranged = arrange_points([Resolver(CATALOG).resolve(each) for each in (point(), point(isl_dist="other"))])
    assert arranged.window.tolist() == [True, False]
    assert arranged.answered_share[1] == 0.5


def test_every_task_is_of_a_known_rig_and_tells_its_source() -> None:
    import json
    from pathlib import Path

    import millwright.measure.tasks as tasks
    from millwright.measure.rigs import known_rigs

    words = {word for rig in known_rigs() for word in rig.protocols}
    for each in json.loads((Path(tasks.__file__).parent / "data" / "tasks.json").read_text())["tasks"]:
        assert each["id"] in words
        assert "@" in each["source"]
        assert each["prompt_source"]
        assert [most for most, _ in each["repeats"]] == sorted(most for most, _ in each["repeats"])
