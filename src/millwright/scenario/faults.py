"""What is wrong with a scenario: each fault with file, line, key and remedy, all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from millwright.errors import InputError

KeyPath = tuple[str | int, ...]
"""Keys and indices that lead from the top of the file to a value: ("workloads", 0, "traffic", "rate")."""

MOST_FAULTS_SHOWN = 30


@dataclass(frozen=True)
class Fault:
    """One fault: where it is (line and column count from 1; 0: the file as a whole), what is wrong, what to do."""

    what: str
    remedy: str = ""
    path: KeyPath = ()
    file: str = ""
    line: int = 0
    column: int = 0

    @property
    def where(self) -> str:
        """File, line and column, as editors understand them."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        key = f"{dotted(self.path)}: " if self.path else ""
        return str(InputError(f"{key}{self.what}", self.where, self.remedy))


class ScenarioError(InputError):
    """A scenario cannot be used; `.faults` holds every fault found, in the order of the file."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda each: (each.line, each.column)))
        first = self.faults[0]
        super().__init__(first.what, first.where, first.remedy)

    def __str__(self) -> str:
        shown = [str(each) for each in self.faults[:MOST_FAULTS_SHOWN]]
        if len(self.faults) > MOST_FAULTS_SHOWN:
            shown.append(f"… and {len(self.faults) - MOST_FAULTS_SHOWN} more faults.")
        return "\n\n".join(shown)


def dotted(path: KeyPath) -> str:
    """Return a key path as text: `workloads[0].traffic.rate`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
