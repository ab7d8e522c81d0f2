"""The API described: every request with its fields, an example and its answers, read from the OpenAPI description.

It is laid out here rather than by one of the usual viewers: they come from a CDN, or bring megabytes of scripts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from millwright.web.page.render import render
from millwright.web.page.shell import block, shell
from millwright.web.page.strings import t

Schema = Mapping[str, Any]
_MANY_LINES = 40
_LIMITS = (
    ("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"),
    ("minLength", "at least {} characters"), ("maxLength", "at most {} characters"),
    ("minItems", "at least {} items"), ("maxItems", "at most {} items"),
)  # fmt: skip


@dataclass(frozen=True)
class ApiField:
    """One thing that a request may say: in its path, its query or its body."""

    name: str
    where: str
    type: str
    required: bool
    about: str
    limits: str


@dataclass(frozen=True)
class Operation:
    """One request: what it does, what it is given, an example, what it answers."""

    method: str
    path: str
    title: str
    about: str
    fields: tuple[ApiField, ...]
    example: str
    answers: tuple[tuple[str, str], ...]

    @property
    def id(self) -> str:
        """Return the anchor of the request on the page."""
        return f"{self.method}{self.path}".lower().replace("/", "-").replace("{", "").replace("}", "")


def api_page(description: Schema) -> None:
    """Lay out the description of the API."""
    with shell("api", t("api_title"), "single"):
        block(render("api", groups=operations(description), version=description["info"]["version"]), "div", "")


def operations(description: Schema) -> tuple[tuple[str, tuple[Operation, ...]], ...]:
    """Return the requests of an OpenAPI description, by tag, in its order."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in description["paths"].items():
        for method, told in methods.items():
            groups.setdefault((told.get("tags") or ["server"])[0], []).append(
                _operation(method, path, told, description)
            )
    return tuple((tag, tuple(found)) for tag, found in groups.items())


def _operation(method: str, path: str, told: Schema, description: Schema) -> Operation:
    fields = [
        ApiField(
            each["name"],
            each["in"],
            type_words(each.get("schema", {}), description),
            bool(each.get("required")),
            each.get("description", ""),
            _limits(each.get("schema", {})),
        )
        for each in told.get("parameters", ())
    ]
    content = (told.get("requestBody") or {}).get("content", {})
    example = ""
    for kind, body in content.items():
        where = "body" if kind == "application/json" else kind
        schema = _resolved(body.get("schema", {}), description)
        fields += _body_fields(schema, where, description)
        example = example or _example(body, schema)
    answers = tuple((status, each.get("description", "")) for status, each in told.get("responses", {}).items())
    about = told.get("description", "")
    return Operation(method.upper(), path, told.get("summary", path), about, tuple(fields), example, answers)


def _body_fields(schema: Schema, where: str, description: Schema) -> Iterator[ApiField]:
    required = set(schema.get("required", ()))
    for name, each in schema.get("properties", {}).items():
        resolved = _resolved(each, description)
        about = each.get("description") or resolved.get("description", "")
        default = f" ({t('api_default', value=json.dumps(each['default']))})" if each.get("default") is not None else ""
        words = type_words(each, description)
        yield ApiField(name, where, words, name in required, f"{about}{default}".strip(), _limits(resolved))


def type_words(schema: Schema, description: Schema) -> str:
    """Return what kind of value a schema asks for, such as `text`, `list of number` or `date, or nothing`."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        resolved = _resolved(schema, description)
        return " | ".join(map(str, resolved["enum"])) if "enum" in resolved else name
    if "anyOf" in schema:
        kinds = [type_words(each, description) for each in schema["anyOf"] if each.get("type") != "null"]
        nothing = any(each.get("type") == "null" for each in schema["anyOf"])
        return ", or ".join([*dict.fromkeys(kinds), *([t("api_nothing")] if nothing else [])])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    kind = str(schema.get("type", t("api_any")))
    if kind == "array":
        return t("api_list", of=type_words(schema.get("items", {}), description))
    words = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "mapping"}
    return str(schema.get("format") or words.get(kind, kind))


def _limits(schema: Schema) -> str:
    texts = []
    for each in (schema, *schema.get("anyOf", ())):
        for key, words in _LIMITS:
            if key in each:
                texts.append(words.format(f"{each[key]:,}") if "{}" in words else f"{words} {each[key]:,.10g}")
    return ", ".join(dict.fromkeys(texts))


def _resolved(schema: Schema, description: Schema) -> Schema:
    while "$ref" in schema:
        schema = description["components"]["schemas"][str(schema["$ref"]).rsplit("/", 1)[-1]]
    return schema


def _example(body: Schema, schema: Schema) -> str:
    """Return the first example of a body, cut where it is long."""
    given = next((each.get("value") for each in body.get("examples", {}).values()), None)
    given = body.get("example", given)
    if given is None:
        given = next(iter(schema.get("examples", ())), None)
    if given is None:
        return ""
    lines = json.dumps(given, indent=2, ensure_ascii=False).splitlines()
    return "\n".join([*lines[:_MANY_LINES], *(["…"] if len(lines) > _MANY_LINES else [])])
