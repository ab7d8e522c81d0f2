"""Malformed scenarios: each is answered with its message, never with a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from millwright.catalog.catalog import ShippedCatalog, load_catalog
from millwright.scenario.faults import MOST_FAULTS_SHOWN, ScenarioError
from millwright.scenario.load import load_scenario
from millwright.scenario.text_file import LARGEST_FILE_BYTES

sys.path.insert(0, str(Path(__file__).parent))

from malformed import CASES, GOOD, Malformed


@pytest.fixture(scope="module")
def catalog() -> ShippedCatalog:
    return load_catalog()


def _answers() -> dict[str, list[str]]:
    answers: dict[str, list[str]] = {}
    for line in (Path(__file__).parent / "malformed.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            answers[line.strip("[]")] = []
        elif answers and line:
            answers[next(reversed(answers))].append(line)
    return answers


ANSWERS = _answers()


def test_every_case_has_its_answer_and_every_answer_its_case() -> None:
    assert [case.name for case in CASES] == list(ANSWERS)
    assert len(CASES) >= 30


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_malformed_scenario_gets_its_message(case: Malformed, tmp_path: Path, catalog: ShippedCatalog) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(case.text, encoding="utf-8")
    for name, content in case.files:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        load_scenario(file, catalog)
    said = [str(fault).replace(str(file), "FILE").replace(str(tmp_path), "DIR") for fault in refused.value.faults]
    assert len(said) == len(ANSWERS[case.name])
    for message, expected in zip(said, ANSWERS[case.name], strict=True):
        if expected.endswith("…"):
            assert message.startswith(expected.removesuffix("…"))
        else:
            assert message == expected
    assert str(refused.value).count("\n\n") == len(said) - 1


def test_the_good_one_they_are_made_from_is_good(tmp_path: Path, catalog: ShippedCatalog) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert load_scenario(file, catalog).scenario.workloads[0].model == "llama-3.3-70b"


def test_a_file_of_ten_gigabytes_is_refused_unread(tmp_path: Path, catalog: ShippedCatalog) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as sparse:
        sparse.truncate(10 * 10**9)
    with pytest.raises(ScenarioError, match=r"9,536\.7 MiB; a scenario has 1 MiB at most\. Put long lists"):
        load_scenario(file, catalog)


def test_a_trace_of_ten_gigabytes_is_refused_unread(tmp_path: Path, catalog: ShippedCatalog) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(GOOD.replace("rate: 2 /s", "trace: t.csv"), encoding="utf-8")
    with (tmp_path / "t.csv").open("wb") as sparse:
        sparse.truncate(10 * 10**9)
    with pytest.raises(ScenarioError, match=r"the file is 9\.3 GiB, more than 4 GiB\. Give a part of it"):
        load_scenario(file, catalog)


def test_a_file_just_small_enough_is_read(tmp_path: Path, catalog: ShippedCatalog) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(GOOD + "#" * (LARGEST_FILE_BYTES - len(GOOD)), encoding="utf-8")
    assert load_scenario(file, catalog).scenario.organisation.country == "DE"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (GOOD.encode().replace(b"chat", b"ch\xe4t"), ":3:13: this is no UTF-8 text. Save the file as UTF-8."),
        (b"\xff\xfe" + GOOD.encode("utf-16-le"), ":1:1: this is no UTF-8 text. Save the file as UTF-8."),
        (bytes(range(256)) * 10, "this is no UTF-8 text"),
    ],
)
def test_a_file_in_another_encoding_is_refused(
    content: bytes, message: str, tmp_path: Path, catalog: ShippedCatalog
) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_bytes(content)
    with pytest.raises(ScenarioError) as refused:
        load_scenario(file, catalog)
    assert message in str(refused.value)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path, catalog: ShippedCatalog) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_scenario(file, catalog).scenario.workloads[0].name == "chat"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path, catalog: ShippedCatalog) -> None:
    with pytest.raises(ScenarioError, match="there is no such file"):
        load_scenario(tmp_path / "nothing.yaml", catalog)
    with pytest.raises(ScenarioError, match="this is a folder"):
        load_scenario(tmp_path, catalog)


def test_a_hundred_faults_are_not_all_shown(tmp_path: Path, catalog: ShippedCatalog) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(GOOD + "".join(f"key{number}: 1\n" for number in range(100)), encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        load_scenario(file, catalog)
    assert len(refused.value.faults) == 100
    assert str(refused.value).endswith(f"… and {100 - MOST_FAULTS_SHOWN} more faults.")


def test_the_python_tag_is_never_run(tmp_path: Path, catalog: ShippedCatalog) -> None:
    witness = tmp_path / "witness"
    file = tmp_path / "scenario.yaml"
    file.write_text(GOOD + f"evil: !!python/object/apply:os.system ['touch {witness}']\n", encoding="utf-8")
    with pytest.raises(ScenarioError):
        load_scenario(file, catalog)
    assert not witness.exists()


@pytest.mark.slow
def test_the_command_answers_with_one_paragraph_and_status_2(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(GOOD.replace("2 /s", "2 kW"), encoding="utf-8")
    command = [sys.executable, "-m", "millwright.cli.main", "plan", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"{file}:5:21: workloads[0].traffic.rate: '2 kW' is a power, not a rate")
    assert "Traceback" not in done.stderr
