"""Read a team from a file: YAML with a list of members, or CSV with one row per member and skill.

Every fault is told at once, with file and line.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millwright.people.figures import figures
from millwright.people.skill import HIGHEST_LEVEL, load_skills
from millwright.people.team import Evidence, Held, Member, Team, assumed_team
from millwright.scenario.faults import Fault, KeyPath, ScenarioError
from millwright.scenario.text_file import read_text_file
from millwright.scenario.yaml_text import YamlDocument, read_yaml

if TYPE_CHECKING:
    from millwright.scenario.load import LoadedScenario

MOST_HOURS_PER_MONTH = 250.0
MOST_MEMBERS = 200

COLUMNS = ("member", "role", "hours_per_month", "skill", "level", "evidence")
"""Columns of a CSV; `role`, `hours_per_month` and `evidence` may be left out or empty."""


def load_team(path: Path | str) -> Team:
    """Return the team in a YAML or CSV file. Raises ScenarioError (an InputError) with every fault found."""
    path = Path(path)
    return read_team(read_text_file(path, "a team (YAML or CSV)", "Is it the right file?"), path)


def read_team(text: str, path: Path) -> Team:
    """Return the team in a text, as if it stood in the file `path`; its ending tells YAML from CSV.

    Raises ScenarioError with every fault of the text, and for any other ending.
    """
    if path.suffix.casefold() in (".csv", ".tsv"):
        return _from_csv(text, str(path))
    if path.suffix.casefold() in (".yaml", ".yml", ".json"):
        return _from_yaml(text, str(path))
    fault = Fault(f"'{path.suffix}' is no format of a team", "End the name in .yaml or .csv.", file=str(path))
    raise ScenarioError([fault])


def stated_team(loaded: LoadedScenario) -> Team | None:
    """Return the team that a scenario states: its members, those in its file, or so many generalists; None: no team.

    Raises ScenarioError with every fault of the members.
    """
    stated = loaded.scenario.team
    if "team" not in loaded.scenario.model_fields_set:
        return None
    if stated.file is not None:
        return read_team(loaded.team_text or "", loaded.path.parent / stated.file)
    if stated.members:
        document = read_yaml(loaded.source_text, str(loaded.path))
        return _members(document.value["team"]["members"], ("team", "members"), document, str(loaded.path), [])
    return assumed_team(stated.engineers)


@dataclass
class _Draft:
    """A member while being read."""

    id: str
    role: str = ""
    hours: float | None = None
    skills: dict[str, Held] = field(default_factory=dict)

    def member(self) -> Member:
        hours = figures()["default_hours_per_member_month"] if self.hours is None else self.hours
        return Member(self.id, self.role, hours, self.skills)


_Note = Callable[[str, str], None]
"""Notes a fault: what is wrong, and its remedy."""


# --- values ----------------------------------------------------------------------------------------------------


def _skill_id(value: object, note: _Note) -> str | None:
    name = str(value).strip()
    book = load_skills()
    if name in book:
        return name
    close = difflib.get_close_matches(name.casefold().replace(" ", "-").replace("_", "-"), book.skills, n=1)
    remedy = f"Did you mean '{close[0]}'?" if close else "`millwright people --skills` lists them all."
    note(f"there is no skill '{name[:60]}'" if name else "the skill is missing", remedy)
    return None


def _level(value: object, note: _Note) -> int | None:
    text = str(value).strip()
    if not isinstance(value, bool) and text.isascii() and text.isdigit() and int(text[:4]) <= HIGHEST_LEVEL:
        return int(text)
    note(f"'{text[:40]}' is no level", f"Levels are whole numbers from 0 to {HIGHEST_LEVEL}.")
    return None


def _evidence(value: object, note: _Note) -> Evidence | None:
    text = str(value).strip().casefold()
    if not text:
        return Evidence.CLAIMED
    if text in tuple(Evidence):
        return Evidence(text)
    note(f"'{text[:40]}' is no kind of evidence", f"It is {', '.join(Evidence)}.")
    return None


def _hours(value: object, note: _Note) -> float | None:
    remedy = f"Write hours a month, from 0 to {MOST_HOURS_PER_MONTH:g}, such as 60."
    try:
        hours = float(str(value)) if not isinstance(value, bool) else -1.0
    except ValueError:
        note(f"'{str(value)[:40]}' is no number of hours", remedy)
        return None
    if not 0.0 <= hours <= MOST_HOURS_PER_MONTH:
        note(f"{value} h a month cannot be", remedy)
        return None
    return hours


# --- YAML ------------------------------------------------------------------------------------------------------

_MEMBER_KEYS = ("id", "role", "hours_per_month", "skills")


def _from_yaml(text: str, file: str) -> Team:
    document = read_yaml(text, file)
    faults: list[Fault] = []
    return _members(_listed(document, faults, file), _root(document), document, file, faults)


def _members(members: list[Any], root: KeyPath, document: YamlDocument, file: str, faults: list[Fault]) -> Team:
    drafts: dict[str, _Draft] = {}
    for number, raw in enumerate(members):
        path: KeyPath = (*root, number)
        draft = _yaml_member(raw, path, document, faults, file, number)
        if draft is not None and draft.id in drafts:
            faults.append(_at(document, (*path, "id"), file, f"two members are called '{draft.id}'", "Rename one."))
        elif draft is not None:
            drafts[draft.id] = draft
    return _finished(drafts, faults, file)


def _root(document: YamlDocument) -> KeyPath:
    return ("members",) if isinstance(document.value, dict) else ()


def _listed(document: YamlDocument, faults: list[Fault], file: str) -> list[Any]:
    value = document.value
    if isinstance(value, dict):
        faults.extend(
            _at(document, (key,), file, f"there is no key '{key}'", "A team has `members`.")
            for key in value
            if key != "members"
        )
        value = value.get("members")
    if isinstance(value, list):
        return value
    faults.append(_at(document, (), file, "there is no list of members", "Write `members:` and a list below it."))
    return []


def _yaml_member(
    raw: object, path: KeyPath, document: YamlDocument, faults: list[Fault], file: str, number: int
) -> _Draft | None:
    def noting(*below: str) -> _Note:
        return lambda what, remedy: faults.append(_at(document, (*path, *below), file, what, remedy))

    if not isinstance(raw, dict):
        noting()("a member is a mapping", "Write {id: ops-1, hours_per_month: 60, skills: {linux-admin: 3}}.")
        return None
    for key in raw:
        if key not in _MEMBER_KEYS:
            close = difflib.get_close_matches(str(key), _MEMBER_KEYS, n=1, cutoff=0.4)
            remedy = f"Did you mean '{close[0]}'?" if close else f"A member has {', '.join(_MEMBER_KEYS)}."
            noting(str(key))(f"there is no key '{key}'", remedy)
    draft = _Draft(str(raw.get("id") or f"member {number + 1}"), str(raw.get("role") or ""))
    if "hours_per_month" in raw:
        draft.hours = _hours(raw["hours_per_month"], noting("hours_per_month"))
    skills = raw.get("skills", {})
    if not isinstance(skills, dict):
        noting("skills")("skills are a mapping", "Write {linux-admin: 3, containers: 2 assessed}.")
        return draft
    for name, value in skills.items():
        note = noting("skills", name)
        skill, held = _skill_id(name, note), _yaml_held(value, note)
        if skill is not None and held is not None:
            draft.skills[skill] = held
    return draft


def _yaml_held(value: object, note: _Note) -> Held | None:
    """Return what `3`, `3 assessed` or `{level: 3, evidence: assessed}` says."""
    if isinstance(value, dict):
        if unknown := value.keys() - {"level", "evidence"}:
            note(f"there is no key '{min(map(str, unknown))}'", "Write {level: 3, evidence: assessed}.")
        raw_level, raw_evidence = value.get("level", ""), value.get("evidence", "")
    else:
        raw_level, _, raw_evidence = ("", "", "") if value is None else str(value).strip().partition(" ")
    level, evidence = _level(raw_level, note), _evidence(raw_evidence, note)
    return None if level is None or evidence is None else Held(level, evidence)


def _at(document: YamlDocument, path: KeyPath, file: str, what: str, remedy: str) -> Fault:
    span = document.key_span_of(path)
    return Fault(what, remedy, path, file, span.line if span else 1, span.column if span else 1)


# --- CSV -------------------------------------------------------------------------------------------------------


def _from_csv(text: str, file: str) -> Team:
    faults: list[Fault] = []
    drafts: dict[str, _Draft] = {}
    for line, row in _rows(text, file, faults):

        def note(what: str, remedy: str, line: int = line) -> None:
            faults.append(Fault(what, remedy, (), file, line, 1))

        name = row["member"].strip()
        if not name:
            note("the member is missing", "Give each row a member; it need not be a name.")
            continue
        draft = drafts.setdefault(name, _Draft(name))
        _csv_person(draft, row, note)
        if not row["skill"].strip() and not row["level"].strip():
            continue  # a member of whom no skill is known yet
        skill, level, evidence = (
            _skill_id(row["skill"], note),
            _level(row["level"], note),
            _evidence(row["evidence"], note),
        )
        if skill in draft.skills:
            note(f"'{name}' has '{skill}' twice", "Keep one of the rows.")
        elif skill is not None and level is not None and evidence is not None:
            draft.skills[skill] = Held(level, evidence)
    return _finished(drafts, faults, file)


def _csv_person(draft: _Draft, row: dict[str, str], note: _Note) -> None:
    """Take role and hours from a row; a row may leave them empty, but not contradict another."""
    role, hours = row["role"].strip(), row["hours_per_month"].strip()
    if role and draft.role and role != draft.role:
        note(f"'{draft.id}' has two roles: '{draft.role}' and '{role}'", "Give one.")
    draft.role = draft.role or role
    if hours:
        number = _hours(hours, note)
        if number is not None and draft.hours is not None and number != draft.hours:
            note(f"'{draft.id}' has {draft.hours:g} h a month and {number:g}", "Give one.")
        draft.hours = number if draft.hours is None else draft.hours


def _rows(text: str, file: str, faults: list[Fault]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with its line; rows that are no rows are faults."""
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] | None = None
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            faults.append(Fault(f"the row cannot be read: {error}", "Check its quotes.", (), file, start, 1))
            return
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if names is None:
            names = [cell.strip().casefold() for cell in cells]
            if not _head_is_sound(names, faults, file, start):
                return
            continue
        if len(cells) != len(names):
            what = f"the row has {len(cells)} cells, the head {len(names)}"
            faults.append(Fault(what, f"Cells are set apart by '{delimiter}'.", (), file, start, 1))
            continue
        yield start, dict.fromkeys(COLUMNS, "") | dict(zip(names, cells, strict=True))


def _head_is_sound(names: list[str], faults: list[Fault], file: str, line: int) -> bool:
    remedy = f"The first row names {', '.join(COLUMNS)}."
    wrong = [f"there is no column '{name[:40]}'" for name in names if name not in COLUMNS]
    wrong += [f"the column '{name}' is missing" for name in ("member", "skill", "level") if name not in names]
    wrong += [f"the column '{name}' stands twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    faults.extend(Fault(what, remedy, (), file, line, 1) for what in wrong)
    return not wrong


def _finished(drafts: dict[str, _Draft], faults: list[Fault], file: str) -> Team:
    if not faults and not drafts:
        faults = [Fault("the team has no members", "List at least one.", (), file, 1, 1)]
    if len(drafts) > MOST_MEMBERS:
        faults = [*faults, Fault(f"a team has {MOST_MEMBERS} members at most", "Is it the right file?", file=file)]
    if faults:
        raise ScenarioError(list(dict.fromkeys(faults)))
    return Team(tuple(draft.member() for draft in drafts.values()))
