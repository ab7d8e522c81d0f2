"""What two files share: inputs of the one that stand in the other, word for word or nearly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from millwright.readiness.columns import parts_of
from millwright.readiness.facets import digest_of, normal
from millwright.readiness.near import NearIndex
from millwright.readiness.records import Broken, Record

MOST_REFERENCE = 20_000
"""Inputs of the reference that are looked for nearly; of more, the first so many. Word for word all are looked for."""

MOST_EXACT = 2_000_000
LONGEST_COMPARED = 2_000
"""Characters from the beginning of an input that are compared nearly; word for word all are."""

EXAMPLES_SHOWN = 5


@dataclass(frozen=True)
class Contamination:
    """Of the `records` of a reference (a test set), so many stand in the profiled file: exactly, or 80 % alike.

    `near` counts those that do not stand there exactly; they were looked for among `near_looked_for` records.
    `examples` are pairs of lines, of the reference and of the profiled file.
    """

    reference: str
    records: int
    broken: int
    exact: int
    near: int
    near_looked_for: int
    examples: tuple[tuple[int, int], ...]

    @property
    def share(self) -> float:
        """Share of the reference that stands in the file, exactly or nearly; at least, where not all are looked for."""
        return (self.exact + self.near) / self.records if self.records else 0.0


@dataclass
class Reference:
    """A reference held in memory by hashes, its first inputs by signatures too; `meet` takes each text of the file."""

    name: str
    records: int
    broken: int
    _exact: dict[int, int]
    _near: NearIndex
    _near_lines: list[int]
    _near_digests: list[int]
    _met_exact: dict[int, int]
    _met_near: dict[int, int]

    def meet(self, text: str, line: int) -> None:
        """Note which inputs of the reference stand in `text` of the profiled file."""
        digest = digest_of(normal(text))
        if digest in self._exact:
            self._met_exact.setdefault(digest, line)
            return
        for index in self._near.alike(text[:LONGEST_COMPARED]):
            self._met_near.setdefault(index, line)

    def found(self) -> Contamination:
        """Return what was met."""
        near = {n: line for n, line in self._met_near.items() if self._near_digests[n] not in self._met_exact}
        pairs = [(self._exact[digest], line) for digest, line in self._met_exact.items()]
        pairs += [(self._near_lines[n], line) for n, line in near.items()]
        return Contamination(
            self.name,
            self.records,
            self.broken,
            len(self._met_exact),
            len({self._near_digests[n] for n in near}),
            len(self._near_lines),
            tuple(sorted(pairs)[:EXAMPLES_SHOWN]),
        )


def read_reference(records: Iterator[Record | Broken], name: str, seed: int = 0) -> Reference:
    """Return a reference from its records; copies within it count once."""
    exact: dict[int, int] = {}
    texts: list[str] = []
    lines: list[int] = []
    digests: list[int] = []
    broken = 0
    for record in records:
        if isinstance(record, Broken):
            broken += 1
            continue
        text = input_text(record.values)
        digest = digest_of(normal(text))
        if not text.strip() or digest in exact or len(exact) >= MOST_EXACT:
            continue
        exact[digest] = record.line
        if len(texts) < MOST_REFERENCE:
            texts.append(text[:LONGEST_COMPARED])
            lines.append(record.line)
            digests.append(digest)
    return Reference(name, len(exact), broken, exact, NearIndex(texts, seed), lines, digests, {}, {})


def input_text(values: Mapping[str, Any]) -> str:
    """Return what a model would be asked by a record: its input by the names of its columns, or else all its text."""
    asked = parts_of(values).asked
    if asked:
        return asked
    return "\n".join(each for each in values.values() if isinstance(each, str))
