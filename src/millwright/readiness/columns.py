"""Which column holds what: prompts and answers, labels, dates, licences, sources, splits; by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from millwright.readiness.questions import read_data


class Role(StrEnum):
    """What a column holds."""

    MESSAGES = "messages"
    INPUT = "input"
    OUTPUT = "output"
    DOCUMENT = "document"
    LABEL = "label"
    DATE = "date"
    LICENCE = "licence"
    SOURCE = "source"
    SPLIT = "split"


class DataKind(StrEnum):
    """What a set of data is for, as far as its columns tell."""

    PROMPTS = "prompts"
    PAIRS = "prompts with answers"
    LABELLED = "labelled examples"
    DOCUMENTS = "documents"
    RECORDS = "records"


@dataclass(frozen=True)
class _Names:
    roles: Mapping[str, Role]
    classes: Mapping[str, str]


@lru_cache(maxsize=1)
def _names() -> _Names:
    raw = read_data("columns.yaml")
    roles = {name: role for role in Role for name in raw[role.value]}
    return _Names(roles, {name: each for each, names in raw["classes"].items() for name in names})


@lru_cache(maxsize=4096)
def role_of(column: str) -> Role | None:
    """Return what a column holds by its name; None where the name does not tell."""
    return _names().roles.get(column.strip().casefold())


def class_hints(columns: list[str]) -> dict[str, tuple[str, ...]]:
    """Return the data classes that names of columns point to, with those columns. A hint, no finding."""
    found: dict[str, list[str]] = {}
    for column in columns:
        hinted = _names().classes.get(column.strip().casefold())
        if hinted is not None:
            found.setdefault(hinted, []).append(column)
    return {name: tuple(listed) for name, listed in found.items()}


def kind_of(columns: list[str]) -> DataKind:
    """Return what a set of data is for."""
    roles = {role_of(each) for each in columns}
    if Role.OUTPUT in roles and roles & {Role.INPUT, Role.DOCUMENT, Role.MESSAGES}:
        return DataKind.PAIRS
    if Role.LABEL in roles and roles & {Role.INPUT, Role.DOCUMENT}:
        return DataKind.LABELLED
    if Role.MESSAGES in roles or Role.INPUT in roles:
        return DataKind.PROMPTS
    return DataKind.DOCUMENTS if Role.DOCUMENT in roles else DataKind.RECORDS


@dataclass(frozen=True, slots=True)
class Parts:
    """A record by role: what is asked and what is answered as text, a label, and the columns that tell of it."""

    asked: str
    answered: str
    label: str
    date: Any
    licence: str
    source: str
    split: str


def parts_of(values: Mapping[str, Any]) -> Parts:
    """Return a record by role. Of a conversation, the last answer of the assistant is what is answered."""
    asked: list[str] = []
    answered: list[str] = []
    single: dict[Role, Any] = {}
    for name, value in values.items():
        role = role_of(name) if isinstance(name, str) else None
        if role is None or value is None:
            continue
        if role is Role.MESSAGES:
            before, last = _conversation(value)
            asked += before
            answered += last
        elif role in (Role.INPUT, Role.DOCUMENT):
            asked += _flat(value)
        elif role is Role.OUTPUT:
            answered += _flat(value)
        elif role not in single:
            single[role] = value
    return Parts(
        "\n".join(asked),
        "\n".join(answered),
        _short(single.get(Role.LABEL)),
        single.get(Role.DATE),
        _short(single.get(Role.LICENCE)),
        _short(single.get(Role.SOURCE)),
        _short(single.get(Role.SPLIT)),
    )


LONGEST_LABEL = 120


def _short(value: Any) -> str:
    return "" if value is None else str(value)[:LONGEST_LABEL]


_ANSWERING = ("assistant", "gpt", "bot", "model", "ai")


def _conversation(value: Any) -> tuple[list[str], list[str]]:
    """Return what stands before the last answer of a conversation, and that answer (empty where there is none)."""
    if not isinstance(value, list):
        return _flat(value), []
    texts = [(_speaker(each), " ".join(_flat(_said(each)))) for each in value]
    if texts and texts[-1][0] in _ANSWERING:
        return [text for _, text in texts[:-1]], [texts[-1][1]]
    return [text for _, text in texts], []


def _speaker(message: Any) -> str:
    if not isinstance(message, dict):
        return ""
    return str(message.get("role") or message.get("from") or message.get("speaker") or "").casefold()


def _said(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    for key in ("content", "value", "text"):
        if key in message:
            return message[key]
    return message


def _flat(value: Any) -> list[str]:
    """Return all texts in a value, however deep."""
    if isinstance(value, str):
        return [value]
    found: list[str] = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, Mapping):
            waiting.extend(reversed(list(each.values())))
        elif isinstance(each, list | tuple):
            waiting.extend(reversed(each))
    return found
