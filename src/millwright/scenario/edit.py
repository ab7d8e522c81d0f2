"""Change one value of a scenario in its text: comments, order and layout of all the rest stay as they are."""

from __future__ import annotations

import json
import re
from typing import Any

from millwright.errors import InputError
from millwright.scenario.faults import KeyPath, dotted
from millwright.scenario.yaml_text import Node, YamlDocument, plain_value, read_yaml

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]
"""A value as YAML can hold it."""


class EditError(InputError):
    """A value cannot be changed in the text alone."""


def set_value(text: str, path: KeyPath, value: Plain) -> str:
    """Return the YAML `text` with the value at `path` replaced, or added when its last keys are not there yet.

    Only the characters of that value change; a list or mapping that is new is written in one line. Raises ScenarioError
    when the text cannot be read, EditError when the path leads nowhere, the value comes from an anchor, or a mapping or
    list spread over several lines would have to be replaced.
    """
    if not path:
        raise EditError("no key is given", remedy="Name the key to change.")
    document = read_yaml(text)
    found = path
    while found and found not in document.nodes:
        found = found[:-1]
    node = document.nodes[found]
    _refuse_shared(document, found)
    if found == path:
        edited = _replaced(text, path, node, value)
    else:
        for part in reversed(path[len(found) + 1 :]):
            if isinstance(part, int) and part > 0:
                raise EditError("there is no such item", dotted(path), "The list has none yet: begin with the first.")
            value = {part: value} if isinstance(part, str) else [value]
        edited = _added(text, found, node, path[len(found)], value)
    _check(edited, document.value, path)
    return edited


def scalar_text(value: Plain) -> str:
    """Return a value in one line of YAML that reads back as the same value."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar_text(key)}: {scalar_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(scalar_text(item) for item in value) + "]"
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and plain_value(value) == value and value.casefold() not in _OLD_TRUTHS
        return value if plain else json.dumps(value, ensure_ascii=False)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value - value != 0:
        return ".nan" if value != value else (".inf" if value > 0 else "-.inf")
    return repr(value)


_PLAIN = re.compile(r"(?:[\w/€$£]|[.+-](?=\w))[\w ./%€$£+*()-]*(?<! )")
"""Texts that need no quotes wherever they stand, inside brackets too."""


_OLD_TRUTHS = frozenset({"y", "n", "yes", "no", "on", "off"})
"""Readers of YAML 1.1 take these for truth values; quotes keep them texts everywhere."""


def _refuse_shared(document: YamlDocument, path: KeyPath) -> None:
    for length in range(len(path) + 1):
        if document.nodes[path[:length]].is_shared:
            raise EditError("this value is shared by an anchor", dotted(path), "Edit the file by hand.")


def _replaced(text: str, path: KeyPath, node: Node, value: Plain) -> str:
    span = node.span
    before, old, after = text[: span.start], text[span.start : span.end], text[span.end :]
    if "\n" in old.rstrip("\n") or (node.kind != "scalar" and not node.is_flow):
        raise EditError("this value spreads over several lines", dotted(path), "Change its parts, or edit by hand.")
    space = " " if before[-1:] == ":" else ""  # a key with nothing behind it
    return before + space + scalar_text(value) + after


def _added(text: str, path: KeyPath, node: Node, key: str | int, value: Plain) -> str:
    """Return the text with `key: value` added to the mapping, or an item to the list, at `path`."""
    if isinstance(key, int):
        if node.kind != "sequence" or key != len(node.children):
            raise EditError("there is no such item", dotted((*path, key)), f"The list has {len(node.children)}.")
        entry = scalar_text(value)
    elif node.kind == "mapping":
        entry = f"{scalar_text(key)}: {scalar_text(value)}"
    elif node.kind == "scalar" and node.value is None:
        return _replaced(text, path, node, {str(key): value})
    else:
        raise EditError(f"there are no keys at '{dotted(path)}'", dotted((*path, key)), "Change that value first.")
    if node.is_flow:
        end = node.span.end - 1
        head = text[:end].rstrip()
        comma = "" if not node.children or head.endswith(",") else ", "
        return head + comma + entry + text[end:]
    dash = "- " if node.kind == "sequence" else ""
    line_end = _end_of_content(text, node)
    indent = " " * (node.span.column - 1)
    newline = "\r\n" if "\r\n" in text else "\n"
    return text[:line_end] + newline + indent + dash + entry + text[line_end:]


def _end_of_content(text: str, node: Node) -> int:
    """Return the end of the line on which the last value within `node` ends, its comment included."""
    last = node
    while last.children and not last.is_flow:
        last = last.children[-1][2]
    stop = last.span.end
    while stop > 0 and text[stop - 1 : stop].isspace() and stop > last.span.start:
        stop -= 1  # a block text's span runs on to the next line
    end = text.find("\n", stop)
    end = len(text) if end < 0 else end
    return end - 1 if text[end - 1 : end] == "\r" else end


def _check(edited: str, before: Any, path: KeyPath) -> None:
    """Make sure that nothing but the value at `path` has changed."""
    after = read_yaml(edited).value
    if _without(after, path) != _without(before, path):
        raise EditError("this value cannot be changed on its own", dotted(path), "Edit the file by hand.")


def _without(value: Any, path: KeyPath) -> Any:
    """Return a copy of the values in which the one at `path`, and mappings that hold nothing else, are left out."""
    if not path:
        return None
    if isinstance(value, dict):
        copy = {key: _without(item, path[1:]) if key == path[0] else item for key, item in value.items()}
        return {key: item for key, item in copy.items() if key != path[0] or item not in (None, {}, [])} or None
    if isinstance(value, list):
        copied = [_without(item, path[1:]) if number == path[0] else item for number, item in enumerate(value)]
        return [item for number, item in enumerate(copied) if number != path[0] or item not in (None, {}, [])] or None
    return None
