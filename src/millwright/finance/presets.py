"""Public studies as cases: what their stated assumptions give here, and which of those assumptions moves the answer.

Studies disagree on what owning costs because of utilisation and scope more than of prices. Each preset reproduces a
study from what it states, says where that cannot be done, and changes one assumption at a time.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from millwright.errors import InputError
from millwright.finance.break_even import break_even_time_months
from millwright.finance.case_file import CaseFile, case_from_document
from millwright.finance.figures import evaluate
from millwright.finance.uncertainty import median_values
from millwright.finance.yaml_lines import Document, parse_document

PREFIX = "preset:"
_FOLDER = "data/presets"


@dataclass(frozen=True)
class Published:
    """A figure that a study prints: LCOT of an option, or months until `option` has overtaken `against`.

    `scale` turns our unit into the study's, where it counts months of another length.
    """

    figure: str
    option: str
    value: float
    unit: str
    against: str = ""
    scale: float = 1.0


@dataclass(frozen=True)
class Reproduced:
    """A published figure beside ours; `ours` is None for never."""

    published: Published
    ours: float | None

    @property
    def difference(self) -> float | None:
        """Ours over the published one, less 1 [-]."""
        return None if self.ours is None else self.ours / self.published.value - 1.0


@dataclass(frozen=True)
class Step:
    """One assumption changed from what the study says, all others left: LCOT of owning, and its break-even."""

    says: str
    lcot_per_mtok: float
    break_even_months: float | None


@dataclass(frozen=True)
class Preset:
    """A study: where it is, what it covers, what we found, and its case."""

    name: str
    title: str
    url: str
    date: str
    scope: str
    finding: str
    file: CaseFile
    published: tuple[Published, ...]
    changes: tuple[tuple[str, Mapping[str, Any]], ...]
    _values: Mapping[str, Any]


def preset_names() -> tuple[str, ...]:
    """Return the names of the shipped presets."""
    folder = files("millwright.finance") / _FOLDER
    return tuple(sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def read_preset(name: str) -> Preset:
    """Return the preset `name`. Raises InputError for an unknown one."""
    if name not in preset_names():
        raise InputError(f"there is no preset '{name}'", remedy=f"There are {', '.join(preset_names())}.")
    text = (files("millwright.finance") / _FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    document = parse_document(text, f"{PREFIX}{name}")
    values = dict(document.values)
    study, published, steps = values.pop("study"), values.pop("published"), values.pop("steps")
    return Preset(
        name=name,
        title=study["title"],
        url=study["url"],
        date=str(study["date"]),
        scope=study["scope"],
        finding=study["finding"],
        file=case_from_document(Document(document.path, values, document.lines)),
        published=tuple(Published(**entry) for entry in published),
        changes=tuple((step["says"], step["set"]) for step in steps),
        _values=values,
    )


def reproduce(preset: Preset) -> tuple[Reproduced, ...]:
    """Return every published figure beside ours."""
    return tuple(Reproduced(entry, _ours(preset.file, entry)) for entry in preset.published)


def _ours(file: CaseFile, entry: Published) -> float | None:
    values = median_values(file.inputs)
    case = file.case(entry.option, values)
    if entry.figure == "lcot":
        return float(evaluate(case).lcot_per_mtok) * entry.scale
    if entry.figure == "break_even_months":
        months = break_even_time_months(case, file.case(entry.against, values))
        return None if months is None else months * entry.scale
    raise InputError(f"'{entry.figure}' is no figure that studies publish", remedy="Use lcot or break_even_months.")


def steps(preset: Preset) -> tuple[Step, ...]:
    """Return the study as stated, then each assumption changed alone. The first option is the one that is owned."""
    found = [_step("as the study states", preset.file)]
    for says, change in preset.changes:
        values = copy.deepcopy(dict(preset._values))
        for path, value in change.items():
            _set(values, path, value)
        found.append(_step(says, case_from_document(Document(f"{PREFIX}{preset.name}", values, {}))))
    return tuple(found)


def _step(says: str, file: CaseFile) -> Step:
    values = median_values(file.inputs)
    own = file.case(file.options[0], values)
    months = break_even_time_months(own, file.case(file.baseline or file.options[-1], values))
    return Step(says, float(evaluate(own).lcot_per_mtok), months)


def _set(values: Any, path: str, value: Any) -> None:
    """Set the place `path` (keys and positions with slashes; `+` appends to a list) of nested values."""
    *way, last = path.split("/")
    place = values
    for key in way:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if last == "+":
        place.append(value)
    else:
        place[last] = value
