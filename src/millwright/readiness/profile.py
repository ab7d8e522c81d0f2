"""Profile a file of prompts or documents in one pass and constant memory: what it holds, and what must not leave."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from millwright.errors import InputError
from millwright.quantity import share_text
from millwright.readiness.columns import DataKind, class_hints, kind_of, parts_of
from millwright.readiness.contamination import Contamination, Reference, input_text, read_reference
from millwright.readiness.facets import Facets, FieldUse, Freshness, LabelUse, SplitUse
from millwright.readiness.languages import language_shares
from millwright.readiness.near import near_duplicate_share
from millwright.readiness.personal import DATA_CLASS, Kind, find_personal, redacted
from millwright.readiness.records import Broken, Position, Record, read_records, size_of_data
from millwright.readiness.sketches import DistinctCount, LogHistogram

BROKEN_SHOWN = 50
EXAMPLES_SHOWN = 3
MOST_COLUMNS = 200
SAMPLE_SIZE = 4_000
SAMPLE_CHARACTERS = 1_500


Progress = Callable[[str, int, int], None]
"""Told what is done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Example:
    """A find shown without what identifies a person."""

    line: int
    redacted: str


@dataclass(frozen=True)
class KindFound:
    """One kind of personal data: how many records have it, how many finds there are, and some of them redacted."""

    kind: Kind
    records: int
    finds: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Column:
    """A column: in how many records it is, and the types of its values with their counts."""

    name: str
    records: int
    types: Mapping[str, int]


@dataclass(frozen=True)
class Lengths:
    """Lengths of records [tokens, estimated from characters]."""

    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    largest: float
    chars_per_token: float


@dataclass(frozen=True)
class DataProfile:
    """What a file holds. `records + broken` is the number of lines (rows) that are not empty.

    `repeats` are records that repeat an earlier one, exact if `repeats_exact`; `template_repeats` those that do when
    case, digits, spaces and punctuation are not looked at. `near_duplicate_share` is over a sample of
    `sample_size` records: the share that is 80 % alike or more to another of the sample. `languages` are shares of the
    sample. `asked_lengths` and `answered_lengths` are those of prompts and answers, where columns tell them apart.
    `class_evidence` says for each of `data_classes` what was found; `class_hints` are classes that names of columns
    point to, with those columns.
    """

    file: str
    size_bytes: int
    records: int
    empty_records: int
    mended: int
    broken: int
    broken_lines: tuple[Broken, ...]
    columns: tuple[Column, ...]
    repeats: float
    template_repeats: float
    repeats_exact: bool
    near_duplicate_share: float
    sample_size: int
    languages: Mapping[str, float]
    lengths: Lengths
    personal: tuple[KindFound, ...]
    data_classes: tuple[str, ...]
    kind: DataKind = DataKind.RECORDS
    asked_lengths: Lengths | None = None
    answered_lengths: Lengths | None = None
    freshness: Freshness | None = None
    licences: FieldUse | None = None
    sources: FieldUse | None = None
    labels: LabelUse | None = None
    splits: SplitUse | None = None
    class_evidence: Mapping[str, str] = field(default_factory=dict)
    class_hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    contamination: tuple[Contamination, ...] = ()


@dataclass
class _Tally:
    """One kind of personal data while counting."""

    records: int = 0
    finds: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass
class _Sample:
    """A sample of fixed size in which each record is as likely as any other (Vitter's algorithm R)."""

    draw: random.Random
    texts: list[str] = field(default_factory=list)
    seen: int = 0

    def add(self, text: str) -> None:
        self.seen += 1
        if len(self.texts) < SAMPLE_SIZE:
            self.texts.append(text[:SAMPLE_CHARACTERS])
        else:
            place = int(self.draw.random() * self.seen)
            if place < SAMPLE_SIZE:
                self.texts[place] = text[:SAMPLE_CHARACTERS]


_NO_LETTERS = dict.fromkeys(code for code in range(128) if not chr(code).isalpha())


def profile_file(
    path: Path,
    seed: int = 0,
    against: Sequence[Path] = (),
    today: dt.date | None = None,
    progress: Progress | None = None,
) -> DataProfile:
    """Return the profile of a file or folder; raises InputError when it is not there or empty. `seed` draws the sample.

    The inputs of each file of `against` (a test set) are looked for in it. Ages count to `today`, the day of the newest
    date of the file where none is given. `progress` is told how many megabytes are read, of how many.
    """
    position, size_bytes = Position(), 0 if not path.exists() else size_of_data(path)
    references = [read_reference(read_records(each), str(each), seed) for each in against]
    records = read_records(path, position)
    if progress is not None:
        records = _told(records, position, size_bytes, progress)
    profile = profile_records(records, str(path), size_bytes, seed, references, today)
    if not profile.records and not profile.broken:
        raise InputError("there is not one record in it", str(path), "Is it the right file or folder?")
    return profile


def _told(
    records: Iterator[Record | Broken], position: Position, size_bytes: int, progress: Progress
) -> Iterator[Record | Broken]:
    """Yield the records, and tell every thousandth time how far the reading is."""
    megabytes = max(1, size_bytes // 1_000_000)
    for number, record in enumerate(records):
        if number % 1_000 == 0:
            progress("reading [MB]", min(position.done_bytes // 1_000_000, megabytes), megabytes)
        yield record


def profile_records(
    records: Iterator[Record | Broken],
    file: str = "",
    size_bytes: int = 0,
    seed: int = 0,
    references: Sequence[Reference] = (),
    today: dt.date | None = None,
) -> DataProfile:
    """Return the profile of records that are read one at a time."""
    facets = Facets()
    same, alike, lengths = DistinctCount(), DistinctCount(), LogHistogram()
    sample = _Sample(random.Random(seed))
    columns: dict[str, dict[str, int]] = {}
    tallies = {kind: _Tally() for kind in Kind}
    read = empty = mended = broken = 0
    shown: list[Broken] = []
    for record in records:
        if isinstance(record, Broken):
            broken += 1
            if len(shown) < BROKEN_SHOWN:
                shown.append(record)
            continue
        read += 1
        mended += record.mended
        _note_columns(columns, {**record.about, **record.values})
        text = "\n".join(_texts(record.values))
        if not text.strip():
            empty += 1
            continue
        same.add(_digest(text))
        alike.add(_digest(text.casefold().translate(_NO_LETTERS)))
        lengths.add(len(text))
        sample.add(text)
        _note_personal(tallies, text, record.line)
        facets.add(parts_of({**record.about, **record.values} if record.about else record.values))
        if references:
            asked = input_text(record.values)
            for reference in references:
                reference.meet(asked, record.line)
    languages, chars_per_token = language_shares(sample.texts)
    found = tuple(
        KindFound(kind, tally.records, tally.finds, tuple(tally.examples))
        for kind, tally in tallies.items()
        if tally.finds
    )
    return DataProfile(
        file=file,
        size_bytes=size_bytes,
        records=read,
        empty_records=empty,
        mended=mended,
        broken=broken,
        broken_lines=tuple(shown),
        columns=tuple(Column(name, sum(types.values()), types) for name, types in columns.items()),
        repeats=same.repeats,
        template_repeats=alike.repeats,
        repeats_exact=same.exact and alike.exact,
        near_duplicate_share=near_duplicate_share(sample.texts, seed),
        sample_size=len(sample.texts),
        languages=languages,
        lengths=_lengths(lengths, chars_per_token),
        personal=found,
        data_classes=tuple(sorted({DATA_CLASS[each.kind] for each in found} | ({"personal"} if found else set()))),
        kind=kind_of(list(columns)),
        asked_lengths=_lengths(facets.asked, chars_per_token) if facets.asked.count else None,
        answered_lengths=_lengths(facets.answered, chars_per_token) if facets.answered.count else None,
        freshness=facets.freshness(today or facets.newest_day()),
        licences=facets.licences.use(),
        sources=facets.sources.use(),
        labels=facets.label_use(),
        splits=facets.split_use(),
        class_evidence=_class_evidence(found, read),
        class_hints=class_hints(list(columns)),
        contamination=tuple(reference.found() for reference in references),
    )


def _class_evidence(found: Sequence[KindFound], records: int) -> dict[str, str]:
    """Return for each data class which finds speak for it, so that the scenario's classes rest on something."""
    evidence: dict[str, list[str]] = {}
    for each in found:
        text = (
            f"{each.kind} in {each.records:,} of {records:,} records ({share_text(each.records / max(1, records), 2)})"
        )
        for name in dict.fromkeys((DATA_CLASS[each.kind], "personal")):
            evidence.setdefault(name, []).append(text)
    return {name: "; ".join(texts) for name, texts in sorted(evidence.items())}


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in a value, however deep."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, Mapping):
            waiting.extend(reversed(list(each.values())))
        elif isinstance(each, list | tuple):
            waiting.extend(reversed(each))


def _digest(text: str) -> int:
    raw = text.encode("utf-8", errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "little")


_TYPE_NAMES = {str: "text", bool: "yes or no", int: "number", float: "number", dict: "mapping", list: "list"}


def _note_columns(columns: dict[str, dict[str, int]], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name not in columns and len(columns) >= MOST_COLUMNS:
            continue
        types = columns.setdefault(name, {})
        kind = "nothing" if value is None or value == "" else _TYPE_NAMES.get(type(value), type(value).__name__)
        types[kind] = types.get(kind, 0) + 1


def _note_personal(tallies: Mapping[Kind, _Tally], text: str, line: int) -> None:
    kinds = set()
    for find in find_personal(text):
        tally = tallies[find.kind]
        tally.finds += 1
        if find.kind not in kinds and len(tally.examples) < EXAMPLES_SHOWN:
            tally.examples.append(Example(line, redacted(find.kind, text[find.start : find.end])))
        kinds.add(find.kind)
    for kind in kinds:
        tallies[kind].records += 1


def _lengths(characters: LogHistogram, chars_per_token: float) -> Lengths:
    p50, p90, p95, p99 = (characters.quantile(share) / chars_per_token for share in (0.5, 0.9, 0.95, 0.99))
    mean, largest = characters.mean / chars_per_token, characters.largest / chars_per_token
    return Lengths(mean, p50, p90, p95, p99, largest, chars_per_token)
