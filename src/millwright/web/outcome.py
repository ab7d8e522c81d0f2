"""What can come of work that a worker was given."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from millwright.errors import InputError


@dataclass(frozen=True)
class FieldFault:
    """One fault of a scenario: where in its text (line and column from 1; 0: the whole), at which key, what to do."""

    what: str
    remedy: str
    path: tuple[str | int, ...]
    line: int
    column: int


@dataclass(frozen=True)
class Failure:
    """Why there is no result: `input` is the asker's to mend; a limit and a defect are not; superseded is no fault."""

    kind: str
    """`input`, `limit`, `defect` or `superseded`."""
    what: str
    where: str = ""
    remedy: str = ""
    faults: tuple[FieldFault, ...] = ()

    def as_json(self) -> str:
        """Return the failure as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(frozen=True)
class Result:
    """What came of it: a JSON text, handed on as it is."""

    text: str


class WorkError(Exception):
    """Work that was waited for has failed; `.failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.what)
        self.failure = failure


def failure_of(error: InputError) -> Failure:
    """Return the failure that an error of the user's input is, with every fault of a scenario."""
    from millwright.scenario.faults import ScenarioError

    where = error.where.removeprefix("--").replace("-", "_") if error.where.startswith("--") else error.where
    faults: tuple[FieldFault, ...] = ()
    if isinstance(error, ScenarioError):
        faults = tuple(FieldFault(each.what, each.remedy, each.path, each.line, each.column) for each in error.faults)
    return Failure("input", error.what, where, error.remedy, faults)


def failure_from_json(text: str) -> Failure:
    """Return a failure that was written down."""
    found: dict[str, Any] = json.loads(text)
    faults = tuple(FieldFault(**{**each, "path": tuple(each["path"])}) for each in found.pop("faults"))
    return Failure(**found, faults=faults)
