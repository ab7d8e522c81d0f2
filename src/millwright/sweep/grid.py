"""What a sweep asks for, as its file says it: scenarios, values that vary, seeds; and the cells that follow from it.

scenario: scenario.yaml                     # or scenarios: [a.yaml, b.yaml]
vary:
  workloads.assistant.traffic.requests_per_day: [500, 2000, 8000]
  finance.discount_rate: [6 %/y, 10 %/y]
seeds: 3                                    # 0, 1, 2; or a list
draws: 2000                                 # of the uncertain prices, for the odds
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from millwright import __version__
from millwright.errors import InputError
from millwright.scenario.edit import Plain, set_value
from millwright.scenario.faults import Fault, KeyPath, ScenarioError
from millwright.scenario.load import read_scenario
from millwright.scenario.text_file import read_text_file
from millwright.scenario.yaml_text import YamlDocument, read_yaml

MOST_CELLS = 1_000_000
FEWEST_DRAWS, USUAL_DRAWS, MOST_DRAWS = 64, 2_000, 100_000

_KEYS = ("scenario", "scenarios", "vary", "seeds", "draws")
_EXAMPLE = "Write `scenario: FILE` and `vary: {finance.discount_rate: [6 %/y, 10 %/y]}`; see docs/sweeps.md."


@dataclass(frozen=True)
class Axis:
    """One key of the scenario and the values that it takes in turn; items of a list go by their `name` or number."""

    key: str
    values: tuple[Plain, ...]


@dataclass(frozen=True)
class Base:
    """One scenario as it stands in its file."""

    path: str
    text: str


@dataclass(frozen=True)
class Cell:
    """One plan to be made: a scenario with some values changed, and a seed."""

    number: int
    base: Base
    changes: tuple[tuple[str, Plain], ...]
    seed: int
    draws: int

    def text(self) -> str:
        """Return the scenario's YAML with the changes made. Raises InputError where a key cannot be changed."""
        text = self.base.text
        for key, value in self.changes:
            text = set_value(text, key_path(read_yaml(text, self.base.path).value, key), value)
        return text

    def fingerprint(self, as_of: dt.date) -> str:
        """Return a name for what this cell asks: equal for equal questions to the same version of the program."""
        asked = [__version__, as_of.isoformat(), self.base.path, self.base.text, self.changes, self.seed, self.draws]
        return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode("utf-8")).hexdigest()[:24]


@dataclass(frozen=True)
class Grid:
    """A sweep: every combination of scenarios, values and seeds is a cell."""

    bases: tuple[Base, ...]
    axes: tuple[Axis, ...]
    seeds: tuple[int, ...]
    draws: int

    def __len__(self) -> int:
        count = len(self.bases) * len(self.seeds)
        for axis in self.axes:
            count *= len(axis.values)
        return count

    def cells(self) -> Iterator[Cell]:
        """Yield the cells in order: seeds turn fastest, then the last key."""
        keys = [axis.key for axis in self.axes]
        changes = list(itertools.product(*(axis.values for axis in self.axes)))
        combinations = itertools.product(self.bases, changes, self.seeds)
        for number, (base, values, seed) in enumerate(combinations):
            yield Cell(number, base, tuple(zip(keys, values, strict=True)), seed, self.draws)


def read_grid(path: Path) -> Grid:
    """Return the sweep in a YAML file. Raises InputError with the line of every fault.

    Each value is tried in each scenario alone, so that a wrong one is told before the work, not in the middle of it.
    """
    return _Reader(path).grid()


def key_path(value: Any, key: str) -> KeyPath:
    """Return a dotted key as keys and positions: a list's item goes by its `name` or its number, from 0."""
    found: list[str | int] = []
    for part in key.split("."):
        if isinstance(value, list):
            names = [item.get("name") if isinstance(item, dict) else None for item in value]
            position = names.index(part) if part in names else int(part) if part.isdecimal() else len(value)
            if position >= len(value):
                known = ", ".join(str(name) for name in names if name is not None) or f"0 to {len(value) - 1}"
                raise InputError(f"there is no '{part}' in '{'.'.join(map(str, found))}'", remedy=f"It has {known}.")
            found.append(position)
            value = value[position]
        else:
            found.append(part)
            value = value.get(part) if isinstance(value, dict) else None
    return tuple(found)


class _Reader:
    """Reads one sweep file and notes its faults."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = read_text_file(path, "a sweep (YAML; see docs/sweeps.md)")
        if not text.strip():
            raise InputError("the file is empty", str(path), _EXAMPLE)
        self.document: YamlDocument = read_yaml(text, str(path))
        self.faults: list[Fault] = []

    def grid(self) -> Grid:
        if not isinstance(self.document.value, dict):
            raise InputError("the file holds no keys and values", str(self.path), _EXAMPLE)
        asked = self.document.value
        for key in asked:
            if key not in _KEYS:
                self._note((key,), f"'{key}' is not known here", f"Use {', '.join(_KEYS)}.")
        bases, axes = self._bases(asked), self._axes(asked.get("vary"))
        grid = Grid(bases, axes, self._seeds(asked.get("seeds", 1)), self._draws(asked.get("draws", USUAL_DRAWS)))
        if not self.faults and len(grid) > MOST_CELLS:
            self._note((), f"that makes {len(grid):,} cells", f"Ask for {MOST_CELLS:,} at most.")
        if not self.faults:
            self._try_each_value(grid)
        if self.faults:
            raise ScenarioError(self.faults)
        return grid

    def _bases(self, asked: dict[str, Any]) -> tuple[Base, ...]:
        several = asked.get("scenarios")
        names = several if several is not None else [asked.get("scenario")]
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            self._note(("scenarios" if several is not None else "scenario",), "no scenario is named", _EXAMPLE)
            return ()
        found = []
        for number, name in enumerate(names):
            path = self.path.parent / name
            try:
                found.append(Base(str(path), read_text_file(path, "a scenario (YAML)")))
            except ScenarioError as error:
                place: KeyPath = ("scenario",) if several is None else ("scenarios", number)
                fault = error.faults[0]
                self._note(place, f"{fault.where}: {fault.what}", "Paths go from the sweep's own folder.")
        return tuple(found)

    def _axes(self, vary: Any) -> tuple[Axis, ...]:
        if vary is None:
            return ()
        if not isinstance(vary, dict):
            self._note(("vary",), "expected keys of the scenario, each with a list of values", _EXAMPLE)
            return ()
        axes = []
        for key, values in vary.items():
            if not isinstance(values, list) or not values:
                self._note(("vary", key), "expected a list of values", "Write [a, b, c].")
            else:
                axes.append(Axis(str(key), tuple(values)))
        return tuple(axes)

    def _seeds(self, seeds: Any) -> tuple[int, ...]:
        if _is_count(seeds) and seeds >= 1:
            return tuple(range(seeds))
        if isinstance(seeds, list) and seeds and all(_is_count(seed) for seed in seeds):
            return tuple(dict.fromkeys(seeds))
        self._note(("seeds",), "expected how many seeds, or a list of them", "Write `seeds: 5` or `seeds: [0, 7]`.")
        return (0,)

    def _draws(self, draws: Any) -> int:
        if _is_count(draws) and FEWEST_DRAWS <= draws <= MOST_DRAWS:
            return int(draws)
        self._note(("draws",), f"expected a number from {FEWEST_DRAWS} to {MOST_DRAWS:,}", f"{USUAL_DRAWS:,} is usual.")
        return USUAL_DRAWS

    def _try_each_value(self, grid: Grid) -> None:
        for base in grid.bases:
            try:
                read_scenario(base.text, Path(base.path))
            except InputError as error:
                self._note((), f"a scenario cannot be used: {error}")
                continue
            for axis in grid.axes:
                for number, value in enumerate(axis.values):
                    self._try_value(base, axis.key, value, ("vary", axis.key, number))

    def _try_value(self, base: Base, key: str, value: Plain, place: KeyPath) -> None:
        try:
            text = Cell(0, base, ((key, value),), 0, USUAL_DRAWS).text()
            read_scenario(text, Path(base.path))
        except InputError as error:
            fault = error.faults[0] if isinstance(error, ScenarioError) else error
            self._note(place, f"{Path(base.path).name} with `{key}: {value}`: {fault.what}", fault.remedy)

    def _note(self, place: KeyPath, what: str, remedy: str = "") -> None:
        span = self.document.span_of(place)
        line, column = (span.line, span.column) if span and place else (0, 0)
        self.faults.append(Fault(what, remedy, (), str(self.path), line, column))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def changed_keys(grid: Grid) -> Sequence[str]:
    """Return the keys that a sweep varies, in order."""
    return [axis.key for axis in grid.axes]
