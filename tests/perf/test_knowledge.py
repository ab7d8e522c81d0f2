"""What counts as new: devices, models, pairs of them, and software or prompts beyond what was measured."""

from __future__ import annotations

from millwright.perf.knowledge import Known, shipped_knowledge

KNOWN = Known({"d": "f", "e": "f"}, frozenset({"m", "n"}), {"d|m|engine|fp8": 0.5}, {}, longest_tokens=1000.0)


def novelty(device: str, model: str, year: float = 0.5, prompt_tokens: float = 0.0, **labels: str) -> str:
    usual = {"family": "f", "engine": "engine", "format": "fp8"}
    return KNOWN.novelty(usual | labels | {"device": device, "blocks": model, "year": year}, prompt_tokens)


def test_each_kind_of_novelty_has_its_name() -> None:
    assert novelty("d", "m") == "config"
    assert novelty("d", "n") == "cell"
    assert novelty("d", "x") == "model"
    assert novelty("x", "x") == "both"


def test_a_new_device_is_the_less_new_the_nearer_its_kin() -> None:
    assert novelty("x", "m") == "kin"
    assert novelty("x", "n") == novelty("x", "m", format="bf16") == "device"
    assert novelty("x", "m", family="other") == "family"
    assert novelty("x", "x", family="other") == "family"


def test_a_pair_measured_with_another_engine_or_format_is_new() -> None:
    assert novelty("d", "m", engine="another") == "cell"
    assert novelty("d", "m", format="bf16") == "cell"


def test_later_software_makes_a_known_cell_new() -> None:
    assert novelty("d", "m", 0.55, 900.0) == "config"
    assert novelty("d", "m", 0.8) == "cell"


def test_a_prompt_longer_than_any_known_is_new_by_itself() -> None:
    assert novelty("d", "m", prompt_tokens=1001.0) == "long"
    assert novelty("d", "n", prompt_tokens=1001.0) == "long"
    assert novelty("x", "m", prompt_tokens=1001.0) == "both"


def test_intervals_are_wider_where_less_is_known() -> None:
    spreads = shipped_knowledge().spreads

    def width(novelty: str) -> float:
        low, high = spreads[novelty]["all"][1]
        return float(high - low)

    assert width("config") < width("cell") < width("long") <= width("both")
    assert width("kin") < width("family")
