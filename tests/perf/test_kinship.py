"""Which models and devices are alike to a fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from millwright.catalog.catalog import load_catalog
from millwright.perf.kinship import blocks_id, device_families

CATALOG = load_catalog()


@pytest.mark.parametrize(
    ("one", "other"),
    [("llama-3.3-70b", "llama-3.1-70b"), ("deepseek-v3", "deepseek-r1"), ("qwen3-235b-a22b-2507", "qwen3-235b-a22b")],
)
def test_versions_of_the_same_sizes_are_one_model(one: str, other: str) -> None:
    assert blocks_id(CATALOG.model(one)) == blocks_id(CATALOG.model(other))


def test_a_fine_tune_is_the_model_it_was_made_from() -> None:
    llama = CATALOG.model("llama-3.1-8b")
    assert blocks_id(replace(llama, id="ours", name="Ours", vocab_size=128_320)) == blocks_id(llama)


def test_models_of_other_sizes_are_themselves() -> None:
    llama = CATALOG.model("llama-3.1-8b")
    wider = replace(llama, id="wider", hidden_size=llama.hidden_size * 2)
    assert blocks_id(wider) == "wider"
    assert len({blocks_id(model) for model in CATALOG.models()}) > 150


def test_what_has_no_layers_is_itself() -> None:
    recommenders = [model for model in CATALOG.models() if not model.layers]
    assert recommenders
    assert all(blocks_id(model) == model.id for model in recommenders)


def test_every_device_has_a_family() -> None:
    families = device_families()
    assert families["mi325x"] == families["mi300x"] != families["mi355x"]
