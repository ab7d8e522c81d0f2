"""Recommenders in the catalogue: sizes as published, and configs that cannot be read say what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from millwright.catalog.catalog import load_catalog
from millwright.catalog.config import ConfigError
from millwright.catalog.huggingface import architecture_from_config

CATALOG = load_catalog()
SMALL: dict[str, Any] = {
    "model_type": "dlrm",
    "embedding_dim": 8,
    "dense_features": 4,
    "table_rows": [100, 50],
    "bottom_mlp": [16, 8],
    "top_mlp": [32, 1],
    "interaction": "dot",
}


def test_the_mlperf_model_is_as_large_as_its_reference_says() -> None:
    model = CATALOG.model("dlrm-dcnv2")
    assert model.recommender is not None
    assert model.recommender.table_parameters * 4 / 2**30 == pytest.approx(97.31, rel=0.001)  # fp32, as distributed
    assert model.recommender.lookups == 214
    assert model.recommender.width == 27 * 128


def test_the_kaggle_model_has_the_rows_of_its_data_set_and_the_weights_of_its_repository() -> None:
    model = CATALOG.model("dlrm-criteo-kaggle")
    assert model.recommender is not None
    assert model.recommender.rows == 33_762_577
    assert model.weight_parameters() == pytest.approx(540e6, rel=0.005)


def test_weights_of_a_small_model_add_up_by_hand() -> None:
    recommender = architecture_from_config(SMALL, "small").recommender
    assert recommender is not None
    width = 3 * 2 // 2 + 8  # pairs of three vectors, and that of the dense features
    assert recommender.width == width
    dense = (4 * 16 + 16) + (16 * 8 + 8) + (width * 32 + 32) + (32 * 1 + 1)
    assert recommender.dense_parameters == dense
    assert recommender.table_parameters == 150 * 8
    assert recommender.lookups == 2  # one of each table where nothing is said


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"table_rows": []}, "table_rows"),
        ({"table_rows": [10, -1]}, "1 or more"),
        ({"table_rows": [10, True]}, "1 or more"),
        ({"lookups_per_table": [1]}, "1 items for 2 tables"),
        ({"bottom_mlp": [16, 9]}, "ends in 9"),
        ({"interaction": "magic"}, "neither dot nor dcn"),
        ({"interaction": "dcn"}, "cross_layers"),
        ({"embedding_dim": 0}, "embedding_dim"),
        ({"top_mlp": "wide"}, "top_mlp"),
    ],
)
def test_a_config_that_makes_no_sense_is_told(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        architecture_from_config({**SMALL, **change}, "small")
