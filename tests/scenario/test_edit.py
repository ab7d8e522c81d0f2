"""Changing one value in the text of a scenario."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.scenario.edit import EditError, scalar_text, set_value
from millwright.scenario.yaml_text import read_yaml

TEXT = """\
# Ünïcode comes first
organisation: {country: DE, sector: health}  # who asks
workloads:
  - name: chat   # the main one
    model: llama-3.3-70b
    traffic:
      rate: 2 /s     # measured in May
      # lengths are guesses
      input: 1200 tokens
    # after the traffic

sites:
  - {name: room, kind: owned}
team:
limits:
    spares: 1
# the end
"""


def _changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    return [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("workloads", 0, "traffic", "rate"), "5 /s", "      rate: 5 /s     # measured in May"),
        (("workloads", 0, "name"), "büro: #1", '  - name: "büro: #1"   # the main one'),
        (("organisation", "sector"), "finance", "organisation: {country: DE, sector: finance}  # who asks"),
        (("sites", 0, "kind"), "colo", "  - {name: room, kind: colo}"),
        (("limits", "spares"), 2, "    spares: 2"),
        (("team",), {"engineers": 2}, "team: {engineers: 2}"),
        (("team", "engineers"), 2.5, "team: {engineers: 2.5}"),
        (("sites", 0, "countries"), ["DE", "NO"], '  - {name: room, kind: owned, countries: [DE, "NO"]}'),
        (("sites", 0), {"name": "x"}, "  - {name: x}"),
    ],
)
def test_only_the_line_of_the_value_changes(path: tuple[str | int, ...], value: object, line: str) -> None:
    edited = set_value(TEXT, path, value)  # type: ignore[arg-type]
    assert [after for _, after in _changed_lines(TEXT, edited)] == [line]


@pytest.mark.parametrize(
    ("path", "value", "new", "after"),
    [
        (("workloads", 0, "traffic", "output"), "250 tokens", "      output: 250 tokens", "      input: 1200 tokens"),
        (("workloads", 0, "slo", "ttft"), "1 s", "    slo: {ttft: 1 s}", "      input: 1200 tokens"),
        (("limits", "exclude"), ["alibaba"], "    exclude: [alibaba]", "    spares: 1"),
        (("sites", 1), {"name": "b", "kind": "api"}, "  - {name: b, kind: api}", "  - {name: room, kind: owned}"),
        (("law", "facts", 0, "name"), "a", "law: {facts: [{name: a}]}", "    spares: 1"),
        (("finance", "staff", "fte_owned"), 0.5, "finance: {staff: {fte_owned: 0.5}}", "    spares: 1"),
    ],
)
def test_a_new_value_is_one_new_line(path: tuple[str | int, ...], value: object, new: str, after: str) -> None:
    before, edited = TEXT.splitlines(), set_value(TEXT, path, value).splitlines()  # type: ignore[arg-type]
    at = edited.index(new)
    assert edited[:at] + edited[at + 1 :] == before
    assert edited[at - 1] == after


def test_windows_line_ends_are_kept() -> None:
    edited = set_value(TEXT.replace("\n", "\r\n"), ("limits", "exclude"), ["x"])
    assert "\r\n    exclude: [x]\r\n" in edited
    assert edited.count("\n") == edited.count("\r\n")


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        (TEXT, ("workloads",), "spreads over several lines"),
        (TEXT, ("workloads", 3), "there is no such item. The list has 1."),
        (TEXT, ("jobs", 1, "name"), "jobs.1..name: there is no such item. The list has none yet"),
        (TEXT, ("organisation", "country", "x"), "there are no keys at 'organisation.country'"),
        (TEXT, (), "no key is given"),
        ("a: &x {b: 1}\nc: *x\n", ("c", "b"), "shared by an anchor"),
        ("a: &x {b: 1}\nc: *x\n", ("a", "b"), "shared by an anchor"),
        ("a: |\n  long\n  text\n", ("a",), "spreads over several lines"),
    ],
)
def test_what_cannot_be_changed_alone_is_refused(text: str, path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(EditError, match=message):
        set_value(text, path, "y")


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False)
    | st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")), max_size=20)
)


@given(
    st.recursive(
        VALUES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc: ", min_size=1), inner, max_size=3),
    )
)
def test_any_value_reads_back_as_itself(value: object) -> None:
    edited = set_value(TEXT, ("workloads", 0, "traffic", "rate"), value)  # type: ignore[arg-type]
    assert read_yaml(edited).value["workloads"][0]["traffic"]["rate"] == value
    assert "# measured in May" in edited


@given(VALUES)
def test_a_scalar_is_written_so_that_it_reads_back(value: object) -> None:
    assert read_yaml(f"[{scalar_text(value)}]").value == [value]  # type: ignore[arg-type]
