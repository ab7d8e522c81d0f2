"""Teams from files: what is read, and that every fault names file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.errors import InputError
from millwright.people.skill import load_skills
from millwright.people.team import Evidence, Held, Team
from millwright.people.team_file import load_team
from millwright.scenario.faults import ScenarioError

HEAD = "member,role,hours_per_month,skill,level,evidence\n"


def faults(path: Path, text: str | bytes) -> list[str]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ScenarioError) as error:
        load_team(path)
    return [str(each) for each in error.value.faults]


def test_csv_and_yaml_say_the_same(tmp_path: Path) -> None:
    table, tree = tmp_path / "team.csv", tmp_path / "team.yaml"
    table.write_text(HEAD + "ops,Admin,40,linux-admin,3,assessed\nops,,,containers,2,\nnew,,,,,\n")
    tree.write_text(
        "members:\n"
        "  - {id: ops, role: Admin, hours_per_month: 40, skills: {linux-admin: 3 assessed, containers: 2}}\n"
        "  - {id: new}\n"
    )
    assert load_team(table) == load_team(tree)
    ops, new = load_team(tree).members
    assert ops.skills == {"linux-admin": Held(3, Evidence.ASSESSED), "containers": Held(2, Evidence.CLAIMED)}
    assert new.hours_per_month == 60.0


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_of_all_countries_are_read(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "team.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "Member,Skill,Level\r\nö-1,monitoring,2\r\n".replace(",", delimiter).encode())
    [member] = load_team(path).members
    assert member.id == "ö-1"
    assert member.held("monitoring").level == 2


@pytest.mark.parametrize(
    ("row", "line", "words"),
    [
        ("ops,Admin,40,linux-adnin,3,assessed", 2, ["no skill 'linux-adnin'", "Did you mean 'linux-admin'?"]),
        ("ops,Admin,40,linux-admin,6,assessed", 2, ["'6' is no level", "from 0 to 5"]),
        ("ops,Admin,40,linux-admin,2.5,assessed", 2, ["'2.5' is no level"]),
        ("ops,Admin,40,linux-admin,three,", 2, ["'three' is no level"]),
        (
            "ops,Admin,40,linux-admin,3,certain",
            2,
            ["'certain' is no kind", "claimed, documented, assessed"],
        ),
        ("ops,Admin,-4,linux-admin,3,", 2, ["-4 h a month cannot be"]),
        ("ops,Admin,nan,linux-admin,3,", 2, ["nan h a month cannot be"]),
        ("ops,Admin,lots,linux-admin,3,", 2, ["'lots' is no number of hours"]),
        (",Admin,40,linux-admin,3,", 2, ["the member is missing"]),
        ("ops,Admin,40,,3,", 2, ["the skill is missing"]),
        ("ops,Admin,40,linux-admin,,", 2, ["'' is no level"]),
        ("ops,Admin,40", 2, ["3 cells, the head 6"]),
        ("ops,A,40,lan,3,\nops,A,40,lan,2,", 3, ["has 'lan' twice"]),
        ("ops,A,40,lan,3,\nops,B,,gateway,2,", 3, ["two roles: 'A' and 'B'"]),
        ("ops,A,40,lan,3,\nops,A,50,gateway,2,", 3, ["40 h a month and 50"]),
        ('ops,A,40,lan,3,\nops,"A"x,40,gateway,2,', 3, ["cannot be read"]),
    ],
)
def test_a_faulty_row_is_told_with_its_line(tmp_path: Path, row: str, line: int, words: list[str]) -> None:
    path = tmp_path / "team.csv"
    [fault] = faults(path, HEAD + row + "\n")
    assert fault.startswith(f"{path}:{line}:")
    for word in words:
        assert word in fault


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    told = faults(tmp_path / "t.csv", HEAD + "a,,,lan,9,\nb,,,lam,2,\nc,,,lan,2,maybe\n")
    assert [each.split(":")[1] for each in told] == ["2", "3", "4"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["no members"]),
        (HEAD, ["no members"]),
        ("name,skill,level\nx,lan,2\n", ["no column 'name'"]),
        ("member,skill\nx,lan\n", ["'level' is missing"]),
        ("member,skill,level,level\nx,lan,2,2\n", ["'level' stands twice"]),
        (b"member,skill,level\n\xe4,lan,2\n", ["no UTF-8"]),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str | bytes, words: list[str]) -> None:
    told = "\n".join(faults(tmp_path / "team.csv", text))
    for word in words:
        assert word in told


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("members: 3\n", 1, ["no list of members"]),
        ("people: []\n", 1, ["no key 'people'"]),
        ("members:\n  - 7\n", 2, ["a member is a mapping"]),
        ("members:\n  - id: a\n    hours: 3\n", 3, ["no key 'hours'", "'hours_per_month'"]),
        ("members:\n  - id: a\n    skills: [lan]\n", 3, ["skills are a mapping"]),
        ("members:\n  - id: a\n    skills:\n      lan: high\n", 4, ["'high' is no level"]),
        ("members:\n  - id: a\n    skills:\n      lan: 3 maybe\n", 4, ["'maybe' is no kind of evidence"]),
        ("members:\n  - id: a\n    skills:\n      lan: {level: 3, proof: yes}\n", 4, ["no key 'proof'"]),
        ("members:\n  - id: a\n    skills:\n      lan: true\n", 4, ["is no level"]),
        ("members:\n  - id: a\n  - id: a\n", 3, ["two members are called 'a'"]),
        ("members:\n  - id: a\n    hours_per_month: 900\n", 3, ["900 h a month cannot be"]),
        ("members:\n\t- id: a\n", 2, ["tab"]),
    ],
)
def test_a_faulty_key_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: list[str]) -> None:
    path = tmp_path / "team.yaml"
    told = faults(path, text)
    assert any(each.startswith(f"{path}:{line}:") for each in told), told
    for word in words:
        assert any(word in each for each in told)


def test_what_is_no_file_or_no_format_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_team(tmp_path / "none.csv")
    with pytest.raises(InputError, match="a folder"):
        load_team(tmp_path)
    other = tmp_path / "team.docx"
    other.write_text("x")
    with pytest.raises(InputError, match="no format of a team"):
        load_team(other)
    large = tmp_path / "team.csv"
    large.write_text("x" * (2 << 20))
    with pytest.raises(InputError, match="MiB"):
        load_team(large)


@given(st.binary(max_size=300), st.sampled_from([".csv", ".yaml"]))
@settings(max_examples=150, deadline=None)
def test_no_bytes_at_all_end_in_anything_but_a_team_or_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("team") / f"team{suffix}"
    path.write_bytes(content)
    read: object
    try:
        read = load_team(path)
    except InputError as error:
        read = error
    assert str(path) in str(read) if isinstance(read, InputError) else isinstance(read, Team) and read.members


@given(
    st.dictionaries(
        st.text("abcxyz-1", min_size=1, max_size=8),
        st.dictionaries(st.sampled_from(sorted(load_skills().skills)), st.integers(0, 5), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, members: dict[str, dict[str, int]]) -> None:
    path = tmp_path_factory.mktemp("team") / "team.csv"
    rows = [f"{name},,30,{skill},{level},documented" for name, held in members.items() for skill, level in held.items()]
    path.write_text(HEAD + "\n".join(rows))
    team = load_team(path)
    read = {each.id: {skill: held.level for skill, held in each.skills.items()} for each in team.members}
    assert read == members
