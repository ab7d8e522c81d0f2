"""Recommenders through a whole plan: processors win where tables are large, and wrong scenarios are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_scenarios import CATALOG, plan, scenario

from millwright.scenario.faults import ScenarioError
from millwright.scenario.load import read_scenario

ADS = """
  - name: ads
    kind: recommend
    model: dlrm-dcnv2
    traffic: {rate: 100 /s, shape: office-hours, items: 250}
    slo: {e2e: 60 ms, percentile: 99}
"""
ROOM = "{name: room, kind: owned, hosts: [cpu-epyc-9654-2, server-h100-nvl-2, hgx-h100-8]}"


def test_a_recommender_is_planned_and_rests_on_datasheets() -> None:
    found = plan(scenario(ADS, (ROOM,)))
    part = found.options[0].fleet[0]
    assert part.deployment is not None
    assert part.deployment.engine == "torchrec"
    assert part.performance is not None
    assert part.performance.goodput_per_replica.basis == "datasheet"
    assert part.performance.goodput_per_replica.high > 1.5 * part.performance.goodput_per_replica.low
    assert part.performance.e2e is not None
    assert part.performance.e2e.p99 is not None
    assert part.performance.e2e.p99.value <= 0.060
    assert "ads (of 250 candidates each)" in found.answer.sentence
    assert "A candidate counts as a token." in found.answer.sentence
    assert "250 candidates per request" in found.workloads[0].traffic


def test_a_processor_wins_where_the_tables_are_larger_than_a_few_cards(tmp_path: Path) -> None:
    rows = [40_000_000] * 50  # 2 billion rows: half a terabyte in 16 bits
    config = {
        "model_type": "dlrm",
        "embedding_dim": 128,
        "dense_features": 13,
        "table_rows": rows,
        "bottom_mlp": [512, 256, 128],
        "top_mlp": [512, 256, 1],
        "interaction": "dot",
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    text = (
        "organisation: {country: DE, currency: EUR}\nworkloads:"
        + ADS.replace("dlrm-dcnv2", "config.json")
        + f"sites:\n  - {ROOM}\n"
    )
    found = plan(read_scenario(text, tmp_path / "scenario.yaml", CATALOG))
    assert found.options[0].fleet[0].offer == "cpu-epyc-9654-2"
    assert any(
        "takes" in reason.text for each in found.refused for reason in each.reasons if each.offer == "server-h100-nvl-2"
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("kind: recommend", "kind: embedding"), "is a recommender"),
        (("model: dlrm-dcnv2", "model: bge-m3"), "is no recommender"),
        (("items: 250", "items: 250, input: 100 tokens"), "reads features, not tokens"),
        (("e2e: 60 ms", "ttft: 60 ms"), "no tokens to wait for"),
    ],
)
def test_what_cannot_be_is_told(change: tuple[str, str], told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        scenario(ADS.replace(*change), (ROOM,))
