"""The one error that is the user's to mend: what is wrong, where, and what to do."""

from __future__ import annotations


class InputError(ValueError):
    """Something the user gave cannot be used. Commands print it as one paragraph and exit with status 2."""

    def __init__(self, what: str, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.remedy = what, where, remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{place}{self.what}{'' if self.what.endswith(('.', '?', '!')) or not remedy else '.'}{remedy}"
