"""YAML as plain values, with the line of every key: so that a fault can name file and line.

Only plain data is read: no Python tags, no aliases that refer to themselves or blow up, no key given twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from millwright.errors import InputError
from millwright.scenario.text_file import read_text_file

Place: TypeAlias = tuple[str | int, ...]
"""Where a value is: keys and list positions from the top."""

MAX_NODES = 200_000
MAX_DEPTH = 40


@dataclass(frozen=True)
class Document:
    """A file's values and the line of each place in it."""

    path: str
    values: Any
    lines: Mapping[Place, int]

    def where(self, place: Place) -> str:
        """Return `file:line` of a place, or of the nearest place around it that the file has."""
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.path}:{self.lines.get(place, 1)}"


def read_document(path: Path) -> Document:
    """Return the document at `path`. Raises InputError when it cannot be read or is no plain YAML."""
    return parse_document(read_text_file(path, "a cost case (YAML)"), str(path))


def parse_document(text: str, path: str = "(text)") -> Document:
    """Return the document in `text`; `path` names it in messages. Raises InputError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark is not None else path
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InputError(f"this is not YAML: {problem}", where, "Check indentation, colons and quotes.") from None
    if root is None:
        raise InputError("the file is empty", path, "Start from one in examples/cost-cases.")
    lines: dict[Place, int] = {}
    reader = _Reader(path, lines)
    return Document(path, reader.value(root, (), 0), lines)


class _Reader:
    def __init__(self, path: str, lines: dict[Place, int]) -> None:
        self.path, self.lines = path, lines
        self.count = 0
        self.constructor = yaml.SafeLoader("")

    def value(self, node: yaml.Node, place: Place, depth: int) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        self.count += 1
        if depth > MAX_DEPTH or self.count > MAX_NODES:
            raise InputError(
                "the file nests too deeply or repeats itself too often", f"{self.path}:{line}", "Remove the aliases."
            )
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*place, k), depth + 1) for k, child in enumerate(node.value)]
        try:
            return self.constructor.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError):
            raise InputError(
                f"'{str(node.value)[:40]}' with the tag {node.tag} is no plain value",
                f"{self.path}:{line}",
                "Write a number, a text, a list or a mapping.",
            ) from None

    def _mapping(self, node: yaml.MappingNode, place: Place, depth: int) -> dict[str, Any]:
        if not node.tag.startswith("tag:yaml.org,2002:map"):
            raise InputError(
                f"the tag {node.tag} is not read", f"{self.path}:{node.start_mark.line + 1}", "Remove the tag."
            )
        table: dict[str, Any] = {}
        for key_node, child in node.value:
            where = f"{self.path}:{key_node.start_mark.line + 1}"
            if not isinstance(key_node, yaml.ScalarNode):
                raise InputError("a key must be a plain text", where, "Check the indentation.")
            key = str(key_node.value)
            if key in table:
                raise InputError(f"'{key}' is given twice", where, "Keep one of them.")
            self.lines[(*place, key)] = key_node.start_mark.line + 1
            table[key] = self.value(child, (*place, key), depth + 1)
        return table
