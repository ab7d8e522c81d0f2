"""Read YAML as plain values, with the place of every key and value, and nothing that can do harm.

Scalars are read by the rules of YAML 1.2: `NO` is a text (Norway), `12:30` is a text, only `true` and `false` are
truth values. Tags, cycles and repeated keys are faults; aliases may not blow a file up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from millwright.scenario.faults import Fault, KeyPath, ScenarioError

DEEPEST = 30
MOST_NODES = 20_000
LONGEST_NUMBER = 64

_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""What YAML 1.2 does not allow in a file (and a byte order mark anywhere but at its start, which is taken off)."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Span:
    """Where a value stands: from character `start` to `end` of the text; line and column count from 1."""

    line: int
    column: int
    start: int
    end: int


@dataclass(eq=False)
class Node:
    """A value of the file. `children` are (key, its span, value) of a mapping, (index, None, item) of a list."""

    kind: str  # scalar, mapping, sequence
    span: Span
    value: Any = None
    children: list[tuple[Any, Span | None, Node]] = field(default_factory=list)
    is_flow: bool = False
    is_shared: bool = False  # it has an anchor, or is reached by an alias
    size: int = 1


@dataclass(frozen=True)
class YamlDocument:
    """A file's values with their places. `keys` and `nodes` go by key path."""

    value: Any
    keys: Mapping[KeyPath, Span]
    nodes: Mapping[KeyPath, Node]

    def span_of(self, path: KeyPath) -> Span | None:
        """Return the span of the value at `path`, or of the nearest enclosing one that exists."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.nodes:
                return self.nodes[path[:length]].span
        return None

    def key_span_of(self, path: KeyPath) -> Span | None:
        """Return the span of the key at `path`, or the nearest value's."""
        return self.keys.get(path) or self.span_of(path)


def read_yaml(text: str, file: str = "") -> YamlDocument:
    """Return the values of a YAML text. Raises ScenarioError with every fault of form (after a syntax error: that)."""
    if unprintable := _UNPRINTABLE.search(text):
        at = unprintable.start()
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        what = f"the character U+{ord(unprintable.group()):04X} may not stand in YAML"
        raise ScenarioError([Fault(what, "Remove it: it is invisible.", (), file, line, column)])
    composer = _Composer(text, file)
    try:
        root = composer.document()
    except yaml.MarkedYAMLError as error:
        raise ScenarioError([*composer.faults, _syntax_fault(error, text, file)]) from None
    except _StopReadingError:
        root = None
    if composer.faults or root is None:
        raise ScenarioError(composer.faults)
    keys: dict[KeyPath, Span] = {}
    nodes: dict[KeyPath, Node] = {}
    value = _construct(root, (), keys, nodes)
    return YamlDocument(value, keys, nodes)


class _StopReadingError(Exception):
    """The rest of the file is not worth reading; the fault is noted."""


class _Composer:
    """Turns the parser's events into nodes, noting faults."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_Loader))
        self._anchors: dict[str, Node | None] = {}  # None while the node is still open
        self._count = 0

    def document(self) -> Node | None:
        """Return the root node; notes a fault for no document or a second one."""
        next(self._events)  # start of the stream
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            self._note(event, "the file is empty", "Begin with `organisation:` and `workloads:`; see docs/scenario.md.")
            return None
        root = self._node(next(self._events), 1)
        next(self._events)  # end of the document
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._note(event, "a second document begins here", "Keep one scenario per file: remove the line `---`.")
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._grow(event, 1)
        if depth > DEEPEST:
            self._note(
                event, f"the file is nested more than {DEEPEST} deep", "No scenario needs that: check the brackets."
            )
            raise _StopReadingError
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = Node("scalar", _span(event), self._scalar(event))
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event, depth)
        else:
            node = self._sequence(event, depth)
        if event.anchor is not None:
            node.is_shared = True
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self._anchors:
            self._note(event, f"there is no anchor '&{event.anchor}' above", "Write the value out.")
            return Node("scalar", _span(event))
        node = self._anchors[event.anchor]
        if node is None:
            self._note(event, f"the alias '*{event.anchor}' contains itself", "Write the value out.")
            return Node("scalar", _span(event))
        self._grow(event, node.size)
        return Node(node.kind, _span(event), node.value, node.children, True, True, node.size)

    def _grow(self, event: Any, nodes: int) -> None:
        self._count += nodes
        if self._count > MOST_NODES:
            what = f"the file has more than {MOST_NODES:,} values, counting each use of an alias"
            self._note(event, what, "Put long lists into a file beside the scenario, or use fewer aliases.")
            raise _StopReadingError

    def _mapping(self, event: Any, depth: int) -> Node:
        self._refuse_tag(event, "map")
        node = Node("mapping", _span(event), is_flow=bool(event.flow_style))
        seen: dict[str, int] = {}
        merged: list[tuple[Any, Span | None, Node]] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key_event, value = event, self._node(event, depth + 1)
            item = self._node(next(self._events), depth + 1)
            if value.kind != "scalar" or isinstance(key_event, yaml.AliasEvent):
                self._note(key_event, "a key must be a plain word", "Write `key: value`.")
                continue
            key = str(key_event.value)
            if key == "<<" and key_event.implicit[0]:
                merged.extend(self._merged(key_event, item))
            elif key in seen:
                what = f"the key '{key[:40]}' stands here a second time (first in line {seen[key]})"
                self._note(key_event, what, "Keep one of them.")
            else:
                seen[key] = key_event.start_mark.line + 1
                node.children.append((key, _span(key_event), item))
        node.children.extend(entry for entry in merged if entry[0] not in seen)
        return self._closed(node, event)

    def _merged(self, event: Any, item: Node) -> list[tuple[Any, Span | None, Node]]:
        """Return the entries that `<<: *alias` brings in."""
        sources = [item] if item.kind == "mapping" else [each for _, _, each in item.children]
        if not sources or any(source.kind != "mapping" for source in sources):
            self._note(event, "`<<` merges mappings only", "Write `<<: *anchor` with an anchor on a mapping.")
            return []
        entries: dict[Any, tuple[Any, Span | None, Node]] = {}
        for source in sources:
            for entry in source.children:
                entries.setdefault(entry[0], entry)
        return list(entries.values())

    def _sequence(self, event: Any, depth: int) -> Node:
        self._refuse_tag(event, "seq")
        node = Node("sequence", _span(event), is_flow=bool(event.flow_style))
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            node.children.append((len(node.children), None, self._node(event, depth + 1)))
        return self._closed(node, event)

    def _closed(self, node: Node, event: Any) -> Node:
        node.span = Span(node.span.line, node.span.column, node.span.start, event.end_mark.index)
        node.size = 1 + sum(child.size for _, _, child in node.children)
        return node

    def _scalar(self, event: Any) -> Any:
        self._refuse_tag(event, "str", "int", "float", "bool", "null")
        if event.style not in (None, "") or (event.tag or "").endswith((":str", "!")):
            return event.value
        return plain_value(event.value)

    def _refuse_tag(self, event: Any, *known: str) -> None:
        if event.tag not in (None, "!", *(f"tag:yaml.org,2002:{name}" for name in known)):
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._note(event, f"the tag '{tag[:60]}' is not read", "Remove it: a scenario holds plain values only.")

    def _note(self, event: Any, what: str, remedy: str) -> None:
        mark = event.start_mark
        self.faults.append(Fault(what, remedy, (), self.file, mark.line + 1, mark.column + 1))


_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def plain_value(text: str) -> Any:
    """Return what an unquoted YAML 1.2 scalar means: nothing, a truth value, a number, or else a text."""
    if text in _NULL:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if len(text) > LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text


def _span(event: Any) -> Span:
    mark = event.start_mark
    return Span(mark.line + 1, mark.column + 1, mark.index, event.end_mark.index)


def _construct(node: Node, path: KeyPath, keys: dict[KeyPath, Span], nodes: dict[KeyPath, Node]) -> Any:
    nodes[path] = node
    if node.kind == "scalar":
        return node.value
    items: list[tuple[Any, Any]] = []
    for key, span, child in node.children:
        if span is not None:
            keys[(*path, key)] = span
        items.append((key, _construct(child, (*path, key), keys, nodes)))
    return dict(items) if node.kind == "mapping" else [value for _, value in items]


def _syntax_fault(error: yaml.MarkedYAMLError, text: str, file: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    at = lines[line - 1] if line <= len(lines) else ""
    indentation = at[: len(at) - len(at.lstrip())]
    if "\t" in indentation or at[column - 1 : column] == "\t":
        return Fault("a tab stands where YAML wants spaces", "Indent with spaces.", (), file, line, column)
    problem = (error.problem or "something is missing").strip()
    if error.context_mark is not None and error.context_mark.line + 1 != line:
        problem += f" of what begins in line {error.context_mark.line + 1}"
    remedy = "Check the indentation, the colons and the brackets of this line and the one above."
    if "mapping values are not allowed" in problem:
        remedy = "Check the indentation; a text with ': ' in it needs quotes."
    return Fault(f"the YAML cannot be read: {problem}", remedy, (), file, line, column)
