"""Reading YAML as plain values with their places."""

from __future__ import annotations

import contextlib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.scenario.faults import ScenarioError, dotted
from millwright.scenario.yaml_text import plain_value, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-12-02", "2026-12-02"),
        ("010", 10),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("5", 5),
        ("-5", -5),
        ("5.", 5.0),
        (".5", 0.5),
        ("5e3", 5000.0),
        ("-.inf", -float("inf")),
        ("2 /s", "2 /s"),
        ("24x7", "24x7"),
    ],
)
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert plain_value(text) == value
    assert type(plain_value(text)) is type(value)


def test_not_a_number_is_read_as_such() -> None:
    value = plain_value(".nan")
    assert value != value


def test_every_key_and_value_has_its_place() -> None:
    document = read_yaml("a: 1\nb:\n  - c: x\n    ä: {d: [1, two]}\n")
    assert document.value == {"a": 1, "b": [{"c": "x", "ä": {"d": [1, "two"]}}]}
    assert (document.keys["b", 0, "c"].line, document.keys["b", 0, "c"].column) == (3, 5)
    two = document.nodes["b", 0, "ä", "d", 1].span
    assert (two.line, two.column) == (4, 16)
    assert document.span_of(("b", 0, "ä", "nothing", "here")) == document.nodes["b", 0, "ä"].span


def test_aliases_and_merges_are_read() -> None:
    document = read_yaml("a: &x {p: 1, q: 2}\nb: *x\nc:\n  <<: *x\n  q: 3\n")
    assert document.value == {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 2}, "c": {"q": 3, "p": 1}}


def test_quoted_scalars_stay_texts() -> None:
    assert read_yaml("a: '5'\nb: \"true\"\nc: !!str 5\nd: |\n  5\n").value == {
        "a": "5",
        "b": "true",
        "c": "5",
        "d": "5\n",
    }


def test_several_faults_of_form_are_found_at_once() -> None:
    with pytest.raises(ScenarioError) as refused:
        read_yaml("a: 1\na: 2\nb: !!python/name:os.system x\nc: *nowhere\n", "f.yaml")
    assert [fault.line for fault in refused.value.faults] == [2, 3, 4]


def test_a_path_is_written_with_dots_and_brackets() -> None:
    assert dotted(("workloads", 0, "traffic", "rate")) == "workloads[0].traffic.rate"


@given(st.text(alphabet="ab:-[]{}&*!#|>'\"\n \t,?%@`~1.", max_size=60))
@settings(max_examples=500)
def test_any_text_is_read_or_refused_with_faults(text: str) -> None:
    with contextlib.suppress(ScenarioError):
        assert () in read_yaml(text).nodes


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(alphabet="abcß: #-NO5.", max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet="abc", min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN, st.booleans())
def test_what_pyyaml_writes_is_read_back(value: object, flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    assert read_yaml(text).value == value


@given(st.integers(1, 12), st.integers(1, 12))
@settings(max_examples=30)
def test_aliases_cannot_blow_a_file_up(levels: int, width: int) -> None:
    text = "a0: &a0 [x]\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * width)}]\n" for level in range(1, levels + 1)
    )
    with contextlib.suppress(ScenarioError):
        assert len(read_yaml(text).nodes) <= 20_001
