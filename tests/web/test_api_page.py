"""The API as people read it: every request of the description, with its fields in words."""

from __future__ import annotations

import pytest

pytest.importorskip("nicegui", reason="the extra `web` is not installed")

from fastapi.testclient import TestClient

from millwright.web.page.api_page import operations, type_words
from millwright.web.page.render import render


def test_every_request_stands_on_the_page_with_all_its_fields(client: TestClient) -> None:
    description = client.app.openapi()  # type: ignore[attr-defined]
    groups = operations(description)
    found = {(each.method.lower(), each.path): each for _, group in groups for each in group}
    told = {(method, path) for path, methods in description["paths"].items() for method in methods}
    assert set(found) == told
    fields = {field.name: field for field in found["post", "/api/plans"].fields}
    assert set(description["components"]["schemas"]["PlanRequest"]["properties"]) <= set(fields)
    assert fields["scenario"].required
    assert fields["scenario"].where == "body"
    assert fields["as_of"].type == "date, or nothing"
    assert found["post", "/api/plans"].example
    assert found["get", "/api/jobs/{id}"].fields[0].where == "path"
    html = render("api", groups=groups, version="1")
    assert all(f'id="{each.id}"' in html for each in found.values())
    assert len({each.id for each in found.values()}) == len(found), "each can be linked to"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "text"),
        ({"type": "array", "items": {"type": "number"}}, "list of number"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "whole number, or nothing"),
        ({"enum": ["json", "csv"]}, "json | csv"),
        ({"$ref": "#/components/schemas/Kind"}, "a | b"),
        ({"$ref": "#/components/schemas/Thing"}, "Thing"),
        ({}, "anything"),
    ],
)
def test_kinds_of_values_are_told_in_words(schema: dict[str, object], words: str) -> None:
    known = {"components": {"schemas": {"Kind": {"enum": ["a", "b"]}, "Thing": {"type": "object"}}}}
    assert type_words(schema, known) == words


def test_code_is_marked_and_nothing_becomes_a_tag() -> None:
    html = render("api", groups=[("t", [_Told("`a<b>` and <script>")])], version="1")
    assert "<code>a&lt;b&gt;</code> and &lt;script&gt;" in html


class _Told:
    id = method = path = title = example = "x"
    fields = answers = ()

    def __init__(self, about: str) -> None:
        self.about = about
