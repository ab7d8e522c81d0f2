"""A file's profile: what was planted is found, what is broken is told, and memory stays constant."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from statistics import quantiles

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled_log import Labelled, labelled_records, write_log

from millwright.errors import InputError
from millwright.readiness.languages import language_of
from millwright.readiness.near import near_duplicate_share
from millwright.readiness.personal import Kind, find_personal, is_card, is_iban, redacted
from millwright.readiness.profile import DataProfile, profile_file
from millwright.readiness.records import LONGEST_LINE_BYTES, read_records
from millwright.readiness.sketches import MOST_HASHES, DistinctCount, LogHistogram

RECORDS = labelled_records(3000)


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> DataProfile:
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    write_log(path, RECORDS)
    return profile_file(path)


@pytest.mark.parametrize("kind", Kind)
def test_planted_personal_data_are_found_with_stated_precision_and_recall(kind: Kind) -> None:
    """On the labelled log, by kind: recall of 99 % or more, precision of 99 % or more."""
    right = found = planted = 0
    for record in RECORDS:
        here = sum(find.kind is kind for find in find_personal(record.text))
        there = record.planted.count(kind)
        right, found, planted = right + min(here, there), found + here, planted + there
    assert planted > 300
    assert right / planted >= 0.99
    assert right / found >= 0.99


def test_languages_are_told_with_stated_accuracy() -> None:
    texts: list[Labelled] = [record for record in RECORDS if not record.is_copy]
    right = sum(language_of(record.text) == record.language for record in texts)
    assert right / len(texts) >= 0.98


def test_copies_are_counted_exactly(profile: DataProfile) -> None:
    texts = [record.text for record in RECORDS]
    assert profile.repeats_exact
    assert profile.repeats == len(texts) - len(set(texts))
    assert profile.template_repeats >= profile.repeats


def test_nothing_is_lost_and_columns_are_named(profile: DataProfile) -> None:
    assert profile.records == len(RECORDS)
    assert profile.broken == profile.empty_records == profile.mended == 0
    assert {column.name: column.records for column in profile.columns} == {"model": 3000, "messages": 3000}
    assert profile.data_classes == ("financial", "payment-card", "personal")


def test_examples_are_redacted(profile: DataProfile) -> None:
    shown = json.dumps([example.redacted for found in profile.personal for example in found.examples])
    for record in RECORDS:
        for find in find_personal(record.text):
            assert record.text[find.start : find.end] not in shown
    assert redacted(Kind.EMAIL, "anna.k@example.org") == "a…@….org"
    assert redacted(Kind.IBAN, "DE89 3704 0044 0532 0130 00") == "DE…(22 characters)"


def test_lengths_are_within_two_percent(profile: DataProfile) -> None:
    characters = [len(record.text) + len("m\nuser\n") for record in RECORDS]
    cuts = quantiles(characters, n=100)
    per_token = profile.lengths.chars_per_token
    assert profile.lengths.mean * per_token == pytest.approx(sum(characters) / len(characters))
    assert profile.lengths.p50 * per_token == pytest.approx(cuts[49], rel=0.03)
    assert profile.lengths.p95 * per_token == pytest.approx(cuts[94], rel=0.03)


def test_broken_lines_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(
        b'{"prompt": "one"}\n{"prompt": "two"\n\nnot json\n{"prompt": "f\xfcnf"}\n[1, 2]\n{"prompt": ""}\n"last"'
    )
    profile = profile_file(path)
    assert [broken.line for broken in profile.broken_lines] == [2, 4]
    assert all("no JSON" in broken.why for broken in profile.broken_lines)
    assert (profile.records, profile.broken, profile.mended, profile.empty_records) == (5, 2, 1, 2)


def test_a_line_of_ten_megabytes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"prompt": "word " * 2_000_000 + "anna@example.org"}) + '\n{"prompt": "b"}\n')
    profile = profile_file(path)
    assert (profile.records, profile.broken) == (2, 0)
    assert profile.lengths.largest > 1e6
    assert [found.kind for found in profile.personal] == [Kind.EMAIL]


@pytest.mark.slow
def test_a_line_beyond_all_bounds_is_told_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"a" * (LONGEST_LINE_BYTES + 5) + b"\nshort\n")
    profile = profile_file(path)
    assert (profile.records, profile.broken) == (1, 1)
    assert "longer than" in profile.broken_lines[0].why


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_marked_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"prompt": "für Müller"}\n{"prompt": "zwei"}\n', encoding=encoding)
    assert (profile_file(path).records, profile_file(path).broken) == (2, 0)


def test_csv_and_parquet_say_the_same(tmp_path: Path) -> None:
    import polars as pl

    frame = pl.DataFrame({"prompt": ["a\nb", "write to x.y@example.org", "a\nb"], "n": [1, 2, 3]})
    frame.write_csv(tmp_path / "log.csv")
    frame.write_parquet(tmp_path / "log.parquet")
    table, columnar = profile_file(tmp_path / "log.csv"), profile_file(tmp_path / "log.parquet")
    assert table.records == columnar.records == 3
    assert columnar.repeats == 1
    assert table.personal[0].records == columnar.personal[0].records == 1


def test_a_csv_row_of_another_width_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text('prompt,n\none,1\ntwo\n"three\nlines",3\n')
    profile = profile_file(path)
    assert (profile.records, profile.broken) == (2, 1)
    assert profile.broken_lines[0].line == 3


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        profile_file(tmp_path / "none.jsonl")
    (tmp_path / "bad.parquet").write_text("x")
    with pytest.raises(InputError, match="no Parquet"):
        profile_file(tmp_path / "bad.parquet")


def no_text(content: bytes) -> bool:
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return not utf16 and (b"\0" in content or content.startswith(b"%PDF-"))


@given(st.binary(max_size=400), st.sampled_from([".jsonl", ".csv", ".txt"]))
@settings(max_examples=150, deadline=None)
def test_any_bytes_have_a_profile_or_are_no_text(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"log{suffix}"
    path.write_bytes(content)
    records = list(read_records(path)) if suffix != ".txt" or not no_text(content) else []
    if not records:
        with pytest.raises(InputError, match=r"no text|not one record"):
            profile_file(path)
        return
    profile = profile_file(path)
    assert profile.records >= profile.empty_records >= 0
    if suffix != ".csv" and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        blank = sum(
            not (line.decode("cp1252", "replace").strip() and line.decode("utf-8", "replace").strip()) for line in lines
        )
        assert len(lines) - blank <= profile.records + profile.broken <= len(lines)


def test_check_digits_by_known_examples() -> None:
    assert is_iban("GB82 WEST 1234 5698 7654 32")  # the registry's own example
    assert not is_iban("GB82 WEST 1234 5698 7654 33")
    assert is_card("4111 1111 1111 1111")
    assert not is_card("4111 1111 1111 1112")


@given(st.lists(st.integers(0, 30), max_size=200))
def test_repeats_are_exact_while_they_fit(contents: list[int]) -> None:
    count = DistinctCount()
    for each in contents:
        count.add(hash((each, "x")) & (2**64 - 1))
    assert count.exact
    assert count.repeats == len(contents) - len(set(contents))


@pytest.mark.slow
def test_repeats_beyond_what_fits_are_estimated_within_two_percent() -> None:
    draw = random.Random(3)
    count = DistinctCount()
    distinct = [draw.getrandbits(64) for _ in range(2 * MOST_HASHES)]
    for digest in (*distinct, *distinct[: len(distinct) // 2]):
        count.add(digest)
    assert not count.exact
    assert len(count.counts) <= MOST_HASHES
    assert count.repeats == pytest.approx(len(distinct) / 2, rel=0.02)


@given(st.lists(st.floats(1.0, 1e7), min_size=1, max_size=100), st.floats(0.01, 0.99))
def test_quantiles_are_within_a_bin(values: list[float], share: float) -> None:
    histogram = LogHistogram()
    for value in values:
        histogram.add(value)
    ranked = sorted(values)
    exact = ranked[max(0, -int(-share * len(values) // 1) - 1)]
    assert histogram.quantile(share) == pytest.approx(exact, rel=0.025)


def test_near_duplicates_are_told_from_others() -> None:
    draw = random.Random(5)
    words = [f"w{number}" for number in range(3000)]
    texts = [" ".join(draw.choices(words, k=60)) for _ in range(300)]
    twins = [text.replace(text.split()[30], "changed", 1) for text in texts[:60]]
    assert near_duplicate_share(texts) == 0.0
    assert near_duplicate_share(texts + twins) == pytest.approx(120 / 360, abs=0.02)


MEASURE = """
import resource, sys
from pathlib import Path
from millwright.readiness.profile import profile_file
profile_file(Path(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux only")
def test_ten_times_the_file_takes_no_more_memory(tmp_path: Path) -> None:
    used = []
    for count in (20_000, 200_000):
        path = tmp_path / f"{count}.txt"
        with path.open("w") as file:
            for number in range(count):
                file.write(f"record {number % 15_000} of a log in which every line has some words to be read\n")
        measured = subprocess.run(
            [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
        )
        used.append(int(measured.stdout))
    assert used[1] < 1.1 * used[0]
