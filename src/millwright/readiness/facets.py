"""What data tell beside their text, in one pass and constant memory: dates, labels, licences, splits, lengths."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from millwright.readiness.columns import Parts
from millwright.readiness.personal import redacted_text
from millwright.readiness.sketches import LogHistogram

MOST_VALUES = 2_000
"""Distinct values of a field that are counted each; the others are counted together."""

MOST_MARKS = 150_000
"""Inputs whose labels and splits are kept; of more, a sample by hash. About 35 MB for each of the two."""

VALUES_SHOWN = 8
MOST_SPLITS = 16


@dataclass(frozen=True)
class Freshness:
    """Dates of the records: how many have one, the first and last day, and the ages against the day of the profile.

    `older_than_1y` and `older_than_2y` are shares of the dated records; `future` counts dates after that day.
    """

    dated: int
    undated: int
    unreadable: int
    first: str
    last: str
    median: str
    older_than_1y: float
    older_than_2y: float
    future: int


@dataclass(frozen=True)
class FieldUse:
    """How a field is filled: records that have it, distinct values (at least so many), and the most frequent."""

    filled: int
    empty: int
    distinct: int
    distinct_is_exact: bool
    most: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class LabelUse:
    """Whether like inputs have like labels (or answers).

    Of the inputs that occur more than once (`repeated`), `conflicting` have more than one label. `variants` are labels
    that differ by case or spaces only. Estimated from a sample of inputs where `exact` is false.
    """

    labels: FieldUse
    repeated: float
    conflicting: float
    exact: bool
    variants: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class SplitUse:
    """Splits with their records, and for each pair how many inputs stand in both: what is learnt is then tested."""

    records: Mapping[str, int]
    shared: tuple[tuple[str, str, float], ...]
    exact: bool


@dataclass
class _Values:
    """Counts of the values of one field."""

    counts: dict[str, int] = field(default_factory=dict)
    filled: int = 0
    empty: int = 0
    more: bool = False

    def add(self, value: str) -> None:
        value = value.strip()
        if not value:
            self.empty += 1
            return
        self.filled += 1
        if value in self.counts or len(self.counts) < MOST_VALUES:
            self.counts[value] = self.counts.get(value, 0) + 1
        else:
            self.more = True

    def use(self) -> FieldUse | None:
        if not self.filled:
            return None
        most = sorted(self.counts.items(), key=lambda each: (-each[1], each[0]))[:VALUES_SHOWN]
        shown = tuple((redacted_text(value), count) for value, count in most)
        return FieldUse(self.filled, self.empty, len(self.counts), not self.more, shown)


@dataclass
class _Marks:
    """For each input, by the hash of its text, a mark; a sample of inputs beyond MOST_MARKS, as in DistinctCount."""

    level: int = 0
    marks: dict[int, tuple[int, int]] = field(default_factory=dict)

    def wants(self, digest: int) -> bool:
        return not digest & ((1 << self.level) - 1)

    def put(self, digest: int, mark: tuple[int, int]) -> None:
        self.marks[digest] = mark
        if len(self.marks) > MOST_MARKS:
            self.level += 1
            self.marks = {each: kept for each, kept in self.marks.items() if self.wants(each)}

    @property
    def factor(self) -> float:
        """By how much a count of the sample is multiplied."""
        return float(1 << self.level)


@dataclass
class Facets:
    """Everything but the text of the records, while it is counted. Give each record's parts to `add`."""

    asked: LogHistogram = field(default_factory=LogHistogram)
    answered: LogHistogram = field(default_factory=LogHistogram)
    licences: _Values = field(default_factory=_Values)
    sources: _Values = field(default_factory=_Values)
    label_values: _Values = field(default_factory=_Values)
    splits: dict[str, int] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)
    dated: int = 0
    undated: int = 0
    unreadable: int = 0
    _labels: _Marks = field(default_factory=_Marks)
    _splits: _Marks = field(default_factory=_Marks)

    def add(self, parts: Parts) -> None:
        """Count one record."""
        if parts.asked:
            self.asked.add(len(parts.asked))
        if parts.answered:
            self.answered.add(len(parts.answered))
        self.licences.add(parts.licence)
        self.sources.add(parts.source)
        self._add_date(parts.date)
        label = parts.label or parts.answered
        if parts.asked and (label or parts.split):
            digest = digest_of(normal(parts.asked))
            if label:
                self._add_label(digest, parts, label)
            if parts.split:
                self._add_split(digest, parts.split)

    def _add_label(self, digest: int, parts: Parts, label: str) -> None:
        self.label_values.add(parts.label)
        if self._labels.wants(digest):
            mark = digest_of(normal(label))
            first, seen = self._labels.marks.get(digest, (mark, 0))
            conflicting = seen < 0 or first != mark
            self._labels.put(digest, (first, -(abs(seen) + 1) if conflicting else seen + 1))

    def _add_split(self, digest: int, split: str) -> None:
        name = split.strip().casefold()
        if name not in self.splits and len(self.splits) >= MOST_SPLITS:
            return
        self.splits[name] = self.splits.get(name, 0) + 1
        if self._splits.wants(digest):
            bits, _ = self._splits.marks.get(digest, (0, 0))
            self._splits.put(digest, (bits | 1 << list(self.splits).index(name), 0))

    def _add_date(self, value: Any) -> None:
        if value is None or value == "":
            self.undated += 1
            return
        day = day_of(value)
        if day is None:
            self.unreadable += 1
            return
        self.dated += 1
        self.days[day] = self.days.get(day, 0) + 1  # days of four centuries at most

    # --- what was found ---

    def newest_day(self) -> dt.date:
        """Return the latest day among the records' dates; the first of all days where there is none."""
        return dt.date.fromordinal(max(self.days, default=1))

    def freshness(self, today: dt.date) -> Freshness | None:
        """Return the dates as of `today`; None where no record has one."""
        if not self.dated and not self.unreadable:
            return None
        days = sorted(self.days)
        if not days:
            return Freshness(0, self.undated, self.unreadable, "", "", "", 0.0, 0.0, 0)
        total, now = sum(self.days.values()), today.toordinal()
        passed, median = 0, days[-1]
        for day in days:
            passed += self.days[day]
            if passed >= total / 2:
                median = day
                break

        def older(than_days: int) -> float:
            return sum(count for day, count in self.days.items() if now - day > than_days) / total

        first, last, middle = (dt.date.fromordinal(each).isoformat() for each in (days[0], days[-1], median))
        future = sum(count for day, count in self.days.items() if day > now)
        return Freshness(self.dated, self.undated, self.unreadable, first, last, middle, older(365), older(730), future)

    def label_use(self) -> LabelUse | None:
        """Return whether like inputs have like labels; None where there are neither labels nor answers."""
        marks = self._labels.marks
        if not marks:
            return None
        factor = self._labels.factor
        repeated = sum(abs(seen) > 1 for _, seen in marks.values()) * factor
        conflicting = sum(seen < 0 for _, seen in marks.values()) * factor
        same: dict[str, list[str]] = {}
        for value in self.label_values.counts:
            same.setdefault(" ".join(value.casefold().split()), []).append(value)
        variants = tuple(tuple(map(redacted_text, sorted(each))) for each in same.values() if len(each) > 1)
        labels = self.label_values.use() or FieldUse(0, 0, 0, True, ())
        return LabelUse(labels, repeated, conflicting, self._labels.level == 0, variants[:VALUES_SHOWN])

    def split_use(self) -> SplitUse | None:
        """Return the splits and what they share; None where there are fewer than two."""
        names = list(self.splits)
        if len(names) < 2:
            return None
        shared = []
        for place, second in enumerate(names):
            for first_place, first in enumerate(names[:place]):
                both = 1 << place | 1 << first_place
                count = sum(bits & both == both for bits, _ in self._splits.marks.values())
                shared.append((first, second, count * self._splits.factor))
        return SplitUse(dict(self.splits), tuple(shared), self._splits.level == 0)


def normal(text: str) -> str:
    """Return a text without what does not tell inputs apart: case and runs of spaces."""
    return " ".join(text.casefold().split())


def digest_of(text: str) -> int:
    """Return a hash of 64 bits."""
    raw = text.encode("utf-8", errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "little")


_DATE = re.compile(r"\s*(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?!\d)")
_EUROPEAN = re.compile(r"\s*(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)")
_EARLIEST_S, _LATEST_S = 315_532_800.0, 7_258_118_400.0
"""Seconds since 1970 that are taken for a date: 1980 to 2200. Numbers a thousand times that are milliseconds."""

_FIRST_YEAR, _LAST_YEAR = 1800, 2200


def day_of(value: Any) -> int | None:
    """Return the day (proleptic ordinal) of a date, a time, an ISO or 31.12.2025 text, or seconds since 1970; or None.

    12/31/2025 is not read: it may be a day of another month elsewhere.
    """
    if isinstance(value, dt.datetime):
        return value.date().toordinal()
    if isinstance(value, dt.date):
        return value.toordinal()
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float) or (isinstance(value, str) and re.fullmatch(r"\d{9,13}(\.\d+)?", value)):
        seconds = float(value)
        for size in (1.0, 1e3, 1e6, 1e9):
            if _EARLIEST_S <= seconds / size <= _LATEST_S:
                return dt.date(1970, 1, 1).toordinal() + int(seconds / size // 86_400)
        return None
    if not isinstance(value, str):
        return None
    if match := _DATE.match(value):
        year, month, day = int(match[1]), int(match[2]), int(match[3] or 1)
    elif match := _EUROPEAN.match(value):
        day, month, year = int(match[1]), int(match[2]), int(match[3])
    else:
        return None
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return dt.date(year, month, day).toordinal()
    except ValueError:
        return None
