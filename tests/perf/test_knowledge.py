"""What counts as new: devices, models, pairs of them, and software or prompts beyond what was measured."""

from __future__ import annotations

from millwright.perf.knowledge import Known, shipped_knowledge

KNOWN = Known(frozenset({"d", "e"}), frozenset({"m", "n"}), {"d|m": 0.5}, {}, longest_tokens=1000.0)


def test_each_kind_of_novelty_has_its_name() -> None:
    assert KNOWN.novelty("d", "m", 0.5) == "config"
    assert KNOWN.novelty("d", "n", 0.5) == "cell"
    assert KNOWN.novelty("x", "m", 0.5) == "device"
    assert KNOWN.novelty("d", "x", 0.5) == "model"
    assert KNOWN.novelty("x", "x", 0.5) == "both"


def test_later_software_makes_a_known_cell_new() -> None:
    assert KNOWN.novelty("d", "m", 0.55, 900.0) == "config"
    assert KNOWN.novelty("d", "m", 0.8) == "cell"


def test_a_prompt_longer_than_any_known_is_new_by_itself() -> None:
    assert KNOWN.novelty("d", "m", 0.5, 1001.0) == "long"
    assert KNOWN.novelty("d", "n", 0.5, 1001.0) == "long"
    assert KNOWN.novelty("x", "m", 0.5, 1001.0) == "both"


def test_intervals_are_wider_where_less_is_known() -> None:
    spreads = shipped_knowledge().spreads

    def width(novelty: str) -> float:
        low, high = spreads[novelty]["all"][1]
        return float(high - low)

    assert width("config") < width("cell") < width("long") <= width("both")
