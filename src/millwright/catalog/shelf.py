"""A shelf: the entries of one kind by id and alias, each built into its dataclass when first asked for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from millwright.catalog.closed import instead_of_closed
from millwright.catalog.load import Entry
from millwright.errors import InputError

T = TypeVar("T")

_SEPARATORS = re.compile(r"[^a-z0-9.+]+")
_SIZE = re.compile(r"\b(\d+) ?(?:gb|gib|g)\b")
_SHORTEST_GUESS = 3
"""Shorter names, such as `l4`, stand in too many labels by chance."""

_IN_BRACKETS = re.compile(r"\s*\([^()]*\)\s*")


class UnknownNameError(InputError, KeyError):
    """No catalogue entry has that name; `.nearest` holds the closest known names."""

    def __init__(self, kind: str, name: str, nearest: tuple[str, ...]) -> None:
        remedy = f"Did you mean {' or '.join(nearest)}?" if nearest else f"See `millwright catalog list {kind}`."
        if kind == "models":
            remedy = instead_of_closed(name) or remedy
        super().__init__(f"no {_SINGULAR.get(kind, kind)} is called '{name}'", remedy=remedy)
        self.kind, self.name, self.nearest = kind, name, nearest


_SINGULAR = {
    "devices": "device",
    "hosts": "host",
    "models": "model",
    "providers": "provider",
    "cloud": "cloud offer",
    "api": "API offer",
    "countries": "country",
    "currencies": "currency",
}


_MAKERS = {
    "devices": frozenset(
        {"nvidia", "amd", "intel", "google", "aws", "apple", "habana", "geforce", "radeon", "instinct", "tesla"}
        | {"graphics", "generation"}
    )
}
"""Words that may be said or left out in a name of that kind: `NVIDIA GeForce RTX 4090` is `RTX 4090`."""


def fold(name: str, kind: str = "") -> str:
    """Return a name as the index knows it: case, hyphens, underscores, slashes and extra spaces do not count.

    In names of devices the maker does not count either, and `80 GB` is `80GB`.
    """
    folded = _SEPARATORS.sub(" ", name.casefold()).strip()
    makers = _MAKERS.get(kind)
    if makers is None:
        return folded
    words = [word for word in _SIZE.sub(r"\1gb", folded).split() if word not in makers]
    return " ".join(words) or folded


class Shelf(Generic[T]):
    """Entries of one kind. Later entries with the same id replace earlier ones; on aliases, the first entry wins."""

    def __init__(self, kind: str, entries: Iterable[Entry], build: Callable[[Entry], T]) -> None:
        self.kind = kind
        self.entries: dict[str, Entry] = {entry["id"]: entry for entry in entries}
        self._build = build
        self._built: dict[str, T] = {}
        self._id_of: dict[str, str] = {self.fold(id_): id_ for id_ in self.entries}
        for id_, entry in self.entries.items():
            for alias in (entry.get("name", id_), *entry.get("aliases", ())):
                self._id_of.setdefault(self.fold(alias), id_)

    def fold(self, name: str) -> str:
        """Return a name as this shelf's index knows it."""
        return fold(name, self.kind)

    def id_of(self, name: str) -> str:
        """Return the id behind an id, name or alias; raises UnknownNameError with the nearest known names.

        A name that is not known is tried again without what stands in brackets, then without what stands before its
        last slash (an organisation on a model hub).
        """
        for candidate in (name, _IN_BRACKETS.sub(" ", name), name.rsplit("/", 1)[-1]):
            found = self._id_of.get(self.fold(candidate))
            if found is not None:
                return found
        raise UnknownNameError(self.kind, name, self._nearest(name))

    def guess(self, label: str) -> str | None:
        """Return the id behind a free label, such as `Dell XE9680, 8x NVIDIA H100 SXM 80GB`, or None.

        It is the longest known name that stands in the label as whole words. For labels in tables of measurements; a
        name that a user writes goes through `id_of`, where a slip of the pen is an error.
        """
        try:
            return self.id_of(label)
        except UnknownNameError:
            words = f" {self.fold(label)} "
            found = [name for name in self._id_of if len(name) >= _SHORTEST_GUESS and f" {name} " in words]
            return self._id_of[max(found, key=len)] if found else None

    def get(self, name: str) -> T:
        """Return the entry of that name, built; raises UnknownNameError."""
        id_ = self.id_of(name)
        if id_ not in self._built:
            self._built[id_] = self._build(self.entries[id_])
        return self._built[id_]

    def __iter__(self) -> Iterator[T]:
        """Build and yield every entry, in the order of the data files."""
        return (self.get(id_) for id_ in self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def alias_note(self, name: str) -> str:
        """Return what a loose name left open (such as the form factor of `NVIDIA H100`), or an empty text."""
        notes: Mapping[str, str] = self.entries[self.id_of(name)].get("alias_notes", {})
        return next((note for alias, note in notes.items() if self.fold(alias) == self.fold(name)), "")

    def with_entries(self, entries: Iterable[Entry]) -> Shelf[T]:
        """Return a new shelf on which these entries stand too, in place of those with the same id."""
        return Shelf(self.kind, (*self.entries.values(), *entries), self._build)

    def _nearest(self, name: str) -> tuple[str, ...]:
        near = difflib.get_close_matches(self.fold(name), self._id_of, n=6, cutoff=0.5)
        return tuple(dict.fromkeys(self._id_of[each] for each in near))[:3]
