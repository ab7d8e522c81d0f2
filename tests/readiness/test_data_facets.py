"""Data beside their text: dates, labels, splits, licences, folders, and what a test set shares with what is learnt."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.readiness import facets as facets_module
from millwright.readiness.columns import DataKind, kind_of, parts_of
from millwright.readiness.facets import Facets, day_of
from millwright.readiness.near import NearIndex
from millwright.readiness.profile import DataProfile, profile_file

TODAY = dt.date(2026, 11, 21)
WORDS = [f"word{number}" for number in range(400)]


def _text(draw: random.Random, words: int = 40) -> str:
    return " ".join(draw.choices(WORDS, k=words))


def _write(path: Path, records: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return path


def _profile(path: Path, *against: Path) -> DataProfile:
    return profile_file(path, against=against, today=TODAY)


# --- prompts and answers ---------------------------------------------------------------------------------------


def test_the_last_answer_of_a_conversation_is_the_answer_and_the_rest_was_asked() -> None:
    said = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": [{"type": "text", "text": "three"}]},
        {"role": "assistant", "content": "four"},
    ]
    parts = parts_of({"id": 7, "messages": said})
    assert "one" in parts.asked
    assert "two" in parts.asked
    assert "three" in parts.asked
    assert parts.answered == "four"
    assert parts_of({"messages": said[:3]}).answered == ""


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (["messages"], DataKind.PROMPTS),
        (["prompt", "completion"], DataKind.PAIRS),
        (["text", "label"], DataKind.LABELLED),
        (["path", "text", "modified"], DataKind.DOCUMENTS),
        (["id", "n"], DataKind.RECORDS),
    ],
)
def test_columns_tell_what_data_are_for(columns: list[str], kind: DataKind) -> None:
    assert kind_of(columns) is kind


def test_prompts_and_answers_have_their_own_lengths(tmp_path: Path) -> None:
    draw = random.Random(1)
    path = _write(
        tmp_path / "pairs.jsonl", [{"prompt": _text(draw, 100), "completion": _text(draw, 10)} for _ in range(200)]
    )
    profile = _profile(path)
    assert profile.asked_lengths is not None
    assert profile.answered_lengths is not None
    assert profile.asked_lengths.mean == pytest.approx(10 * profile.answered_lengths.mean, rel=0.05)


# --- dates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2025-03-04", dt.date(2025, 3, 4)),
        ("2025-03-04T23:10:00Z", dt.date(2025, 3, 4)),
        ("2025-03", dt.date(2025, 3, 1)),
        ("04.03.2025", dt.date(2025, 3, 4)),
        (1741042800, dt.date(2025, 3, 3)),
        (1741042800000, dt.date(2025, 3, 3)),
        ("1741042800", dt.date(2025, 3, 3)),
        (dt.datetime(2025, 3, 4, 1), dt.date(2025, 3, 4)),
        ("03/04/2025", None),
        ("2025-13-40", None),
        ("last week", None),
        (True, None),
        (12, None),
    ],
)
def test_dates_are_read_and_ambiguous_ones_are_not(value: object, day: dt.date | None) -> None:
    assert day_of(value) == (None if day is None else day.toordinal())


@given(st.dates(dt.date(1980, 1, 2), dt.date(2199, 1, 1)))
def test_a_day_reads_back_from_each_form(day: dt.date) -> None:
    midnight = (day - dt.date(1970, 1, 1)).days * 86_400
    for form in (day, day.isoformat(), f"{day:%d.%m.%Y}", midnight, midnight * 1000):
        assert day_of(form) == day.toordinal()


def test_freshness_adds_up(tmp_path: Path) -> None:
    dates = ["2020-01-01", "2024-06-01", "2026-01-01", "2026-06-01", "2027-01-01", None, "soon"]
    profile = _profile(_write(tmp_path / "a.jsonl", [{"text": "x", "created": each} for each in dates]))
    fresh = profile.freshness
    assert fresh is not None
    assert (fresh.dated, fresh.undated, fresh.unreadable, fresh.future) == (5, 1, 1, 1)
    assert (fresh.first, fresh.last, fresh.median) == ("2020-01-01", "2027-01-01", "2026-01-01")
    assert fresh.older_than_1y == pytest.approx(2 / 5)
    assert fresh.older_than_2y == pytest.approx(2 / 5)


# --- labels, splits, licences ----------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc")), max_size=60))
def test_conflicting_labels_are_counted_exactly_while_they_fit(records: list[tuple[int, str]]) -> None:
    counted = Facets()
    for number, label in records:
        counted.add(parts_of({"text": f"Text  {number}", "label": label}))
    use = counted.label_use()
    by_text: dict[int, list[str]] = {}
    for number, label in records:
        by_text.setdefault(number, []).append(label)
    assert (use is None) == (not records)
    if use is not None:
        assert use.repeated == sum(len(each) > 1 for each in by_text.values())
        assert use.conflicting == sum(len(set(each)) > 1 for each in by_text.values())
        assert use.exact


def test_labels_written_in_two_ways_are_told(tmp_path: Path) -> None:
    records: list[dict[str, object]] = [
        {"text": f"t{n}", "label": label} for n, label in enumerate(["Yes", "yes", "no", "no "])
    ]
    labels = _profile(_write(tmp_path / "a.jsonl", records)).labels
    assert labels is not None
    assert labels.variants == (("Yes", "yes"),)


def test_what_stands_in_two_splits_is_counted(tmp_path: Path) -> None:
    draw = random.Random(2)
    texts = [_text(draw) for _ in range(300)]
    records: list[dict[str, object]] = [{"text": text, "label": "a", "split": "train"} for text in texts]
    records += [{"text": text.upper(), "label": "a", "split": "Test"} for text in texts[:17]]
    records += [{"text": _text(draw), "label": "a", "split": "test"} for _ in range(50)]
    splits = _profile(_write(tmp_path / "a.jsonl", records)).splits
    assert splits is not None
    assert splits.records == {"train": 300, "test": 67}
    assert splits.shared == (("train", "test", 17.0),)


def test_shared_inputs_beyond_what_fits_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facets_module, "MOST_MARKS", 2_000)
    counted = Facets()
    for number in range(20_000):
        counted.add(parts_of({"text": f"text {number}", "split": "train"}))
        if number % 4 == 0:
            counted.add(parts_of({"text": f"text {number}", "split": "test"}))
    use = counted.split_use()
    assert use is not None
    assert not use.exact
    assert use.shared[0][2] == pytest.approx(5_000, rel=0.15)


def test_licences_and_sources_are_counted_with_those_that_lack_them(tmp_path: Path) -> None:
    records: list[dict[str, object]] = [
        {"text": "a", "license": "CC-BY-4.0", "url": f"https://x/{n}"} for n in range(5)
    ]
    records += [{"text": "b", "license": "", "url": None}]
    profile = _profile(_write(tmp_path / "a.jsonl", records))
    assert profile.licences is not None
    assert (profile.licences.filled, profile.licences.empty, profile.licences.most) == (5, 1, (("CC-BY-4.0", 5),))
    assert profile.sources is not None
    assert profile.sources.distinct == 5


def test_values_that_are_shown_are_redacted(tmp_path: Path) -> None:
    records: list[dict[str, object]] = [
        {"text": "a", "source": "mail of anna.k@example.org", "label": "+49 30 1234567"}
    ]
    profile = _profile(_write(tmp_path / "a.jsonl", records))
    assert profile.sources is not None
    assert profile.labels is not None
    assert profile.sources.most == (("mail of a…@….org", 1),)
    assert "1234567" not in str(profile.labels)


def test_data_classes_come_with_their_evidence_and_names_of_columns_only_hint(tmp_path: Path) -> None:
    records: list[dict[str, object]] = [{"text": "write to a.b@example.org", "diagnosis": "x"}, {"text": "b"}]
    profile = _profile(_write(tmp_path / "a.jsonl", records))
    assert profile.class_evidence == {"personal": "e-mail in 1 of 2 records (50.00 %)"}
    assert profile.class_hints == {"health": ("diagnosis",)}
    assert "health" not in profile.data_classes


# --- contamination ---------------------------------------------------------------------------------------------


def test_leaks_of_a_test_set_are_found_with_stated_recall_and_precision(tmp_path: Path) -> None:
    """Planted: 100 copies (case and spaces changed), 100 with one word of forty changed; 99 % found, none besides."""
    draw = random.Random(3)
    tests = [_text(draw) for _ in range(500)]
    train: list[dict[str, object]] = [{"question": _text(draw), "answer": "x"} for _ in range(2_000)]
    train += [{"question": text.upper().replace(" ", "  "), "answer": "x"} for text in tests[:100]]
    for text in tests[100:200]:
        words = text.split()
        words[draw.randrange(40)] = "changed"
        train.append({"question": " ".join(words), "answer": "x"})
    draw.shuffle(train)
    reference = _write(tmp_path / "test.jsonl", [{"question": text, "answer": "y"} for text in tests])
    (found,) = _profile(_write(tmp_path / "train.jsonl", train), reference).contamination
    assert (found.records, found.exact) == (500, 100)
    assert 99 <= found.near <= 100
    for theirs, ours in found.examples:
        leaked = tests[theirs - 1].split()
        assert len(set(leaked) & set(str(train[ours - 1]["question"]).casefold().split())) >= 0.9 * len(set(leaked))


def test_files_that_share_nothing_are_clean(tmp_path: Path) -> None:
    draw = random.Random(4)
    first, second = (
        _write(tmp_path / f"{name}.jsonl", [{"prompt": _text(draw)} for _ in range(300)]) for name in ("a", "b")
    )
    (found,) = _profile(first, second).contamination
    assert (found.exact, found.near, found.share) == (0, 0, 0.0)


@given(st.text(max_size=200))
def test_every_text_is_alike_to_itself(text: str) -> None:
    assert NearIndex([text, "another text of a few words"]).alike(text)[0] == 0


# --- folders ---------------------------------------------------------------------------------------------------


def test_each_file_of_a_folder_is_a_document_and_what_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.md").write_text("How the pump is started.")
    (tmp_path / "sub" / "b.txt").write_bytes("Übung".encode("cp1252"))
    (tmp_path / "c.pdf").write_bytes(b"%PDF-1.7 \x00")
    (tmp_path / "d.docx").write_bytes(b"PK\x03\x04\x00")
    (tmp_path / "e.txt").write_text("")
    (tmp_path / "sub" / "copy of a.md").write_text("How the pump is started.")
    (tmp_path / ".hidden").write_text("not read")
    os.utime(tmp_path / "a.md", (1_600_000_000, 1_600_000_000))
    profile = _profile(tmp_path)
    assert (profile.records, profile.broken, profile.empty_records, profile.mended) == (4, 2, 1, 1)
    assert profile.kind is DataKind.DOCUMENTS
    assert profile.repeats == 1, "a copy under another name is a copy"
    reasons = " ".join(each.why for each in profile.broken_lines)
    assert "c.pdf: no text but a PDF" in reasons
    assert "d.docx: no text but a ZIP or office file" in reasons
    assert profile.freshness is not None
    assert profile.freshness.first == "2020-09-13"


def test_parquet_dates_are_read(tmp_path: Path) -> None:
    import polars as pl

    pl.DataFrame({"text": ["a", "b"], "date": [dt.date(2025, 1, 1), dt.date(2026, 1, 1)]}).write_parquet(
        tmp_path / "a.parquet"
    )
    fresh = _profile(tmp_path / "a.parquet").freshness
    assert fresh is not None
    assert (fresh.first, fresh.last) == ("2025-01-01", "2026-01-01")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt", "a.parquet"])
def test_reading_tells_how_far_it_is_and_ends_at_the_whole(tmp_path: Path, name: str) -> None:
    import polars as pl

    from millwright.readiness.records import Position, read_records

    path = tmp_path / name
    frame = pl.DataFrame({"text": [f"line {number}" for number in range(25_000)]})
    if name.endswith("parquet"):
        frame.write_parquet(path)
    elif name.endswith("jsonl"):
        frame.write_ndjson(path)
    else:
        frame.write_csv(path)
    position = Position()
    seen = [position.done_bytes for _ in read_records(path, position)]
    assert seen == sorted(seen)
    assert seen[0] < seen[-1] <= path.stat().st_size == position.done_bytes
