"""OSCAL files hold the parts that version 1.1 requires, name nothing that is not there, and agree with the survey.

The schema below is ours: the required parts and forms of identifiers, after NIST's JSON format references of version
1.1 (catalog, component definition, assessment results). Where compliance-trestle is installed, its models judge too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from counsel_survey import DAY, MADE, NAME, RULES, surveyed

from millwright.law.kleene import Verdict
from millwright.law.survey import Survey
from millwright.report.counsel.folder import counsel_files
from millwright.report.counsel.oscal import OSCAL_VERSION

UUID = {"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"}
TOKEN = {"type": "string", "pattern": r"^[_A-Za-z][\w.\-]*$"}
LINE = {"type": "string", "pattern": r"^\S(.*\S)?$"}
TEXT = {"type": "string", "minLength": 1}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$"}
REFERENCE = {"type": "string", "minLength": 1, "pattern": r"^\S+$"}


def thing(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """A JSON object with those parts and no other."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def many(item: dict[str, Any]) -> dict[str, Any]:
    """A list: OSCAL leaves an empty one out."""
    return {"type": "array", "items": item, "minItems": 1}


PROPS = {"props": many(thing({"name": TOKEN, "value": LINE}, {"ns": REFERENCE, "remarks": TEXT}))}
LINKS = {"links": many(thing({"href": REFERENCE}, {"rel": TOKEN, "text": TEXT}))}
METADATA = thing(
    {"title": LINE, "last-modified": MOMENT, "version": LINE, "oscal-version": {"const": OSCAL_VERSION}},
    {**PROPS, "remarks": TEXT},
)
PART = thing({"name": TOKEN}, {"id": TOKEN, "prose": TEXT, **PROPS})
CONTROL = thing({"id": TOKEN, "title": LINE}, {**PROPS, **LINKS, "parts": many(PART)})
GROUP = thing({"title": LINE}, {"id": TOKEN, "controls": many(CONTROL)})
REQUIREMENT = thing({"uuid": UUID, "control-id": TOKEN, "description": TEXT}, PROPS)
IMPLEMENTATION = thing(
    {"uuid": UUID, "source": REFERENCE, "description": TEXT, "implemented-requirements": many(REQUIREMENT)}
)
COMPONENT = thing(
    {"uuid": UUID, "type": LINE, "title": LINE, "description": TEXT},
    {**PROPS, "control-implementations": many(IMPLEMENTATION)},
)
STATES = ["under-development", "operational", "disposition", "other"]
SYSTEM_COMPONENT = thing(
    {
        "uuid": UUID,
        "type": LINE,
        "title": LINE,
        "description": TEXT,
        "status": thing({"state": {"enum": STATES}}, {"remarks": TEXT}),
    }
)
SELECTION = {
    "oneOf": [
        thing({"include-all": thing({})}, {"remarks": TEXT}),
        thing({"include-controls": many(thing({"control-id": TOKEN}))}),
    ]
}
OBSERVATION = thing(
    {
        "uuid": UUID,
        "description": TEXT,
        "methods": many({"enum": ["EXAMINE", "INTERVIEW", "TEST"]}),
        "collected": MOMENT,
    },
    {"title": LINE, "subjects": many(thing({"subject-uuid": UUID, "type": TOKEN}))},
)
TARGET = thing(
    {
        "type": {"enum": ["statement-id", "objective-id"]},
        "target-id": TOKEN,
        "status": thing(
            {"state": {"enum": ["satisfied", "not-satisfied"]}},
            {"reason": {"enum": ["pass", "fail", "other"]}, "remarks": TEXT},
        ),
    }
)
FINDING = thing(
    {"uuid": UUID, "title": LINE, "description": TEXT, "target": TARGET},
    {**PROPS, "related-observations": many(thing({"observation-uuid": UUID}))},
)
RESULT = thing(
    {
        "uuid": UUID,
        "title": LINE,
        "description": TEXT,
        "start": MOMENT,
        "reviewed-controls": thing({"control-selections": many(SELECTION)}),
    },
    {
        "end": MOMENT,
        **PROPS,
        "local-definitions": thing({"components": many(SYSTEM_COMPONENT)}),
        "observations": many(OBSERVATION),
        "findings": many(FINDING),
    },
)
RESOURCES = thing({"resources": many(thing({"uuid": UUID}, {"title": LINE, "description": TEXT}))})
SCHEMAS = {
    "catalog": thing({"uuid": UUID, "metadata": METADATA}, {"groups": many(GROUP)}),
    "component-definition": thing({"uuid": UUID, "metadata": METADATA}, {"components": many(COMPONENT)}),
    "assessment-results": thing(
        {
            "uuid": UUID,
            "metadata": METADATA,
            "import-ap": thing({"href": REFERENCE}, {"remarks": TEXT}),
            "results": many(RESULT),
        },
        {"back-matter": RESOURCES},
    ),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    return surveyed(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def documents(found: Survey) -> dict[str, dict[str, Any]]:
    files = counsel_files(found, NAME, MADE)
    return {name: json.loads(files[f"oscal/{name}.json"])[name] for name in SCHEMAS}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_file_holds_what_oscal_requires(documents: dict[str, dict[str, Any]], name: str) -> None:
    jsonschema.validate(documents[name], SCHEMAS[name])
    assert RULES.version == documents[name]["metadata"]["version"]
    assert "not legal advice" in documents[name]["metadata"]["remarks"]
    assert {"name": "as-of", "value": DAY.isoformat()}.items() <= documents[name]["metadata"]["props"][0].items()


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_models_of_trestle_take_it(documents: dict[str, dict[str, Any]], name: str) -> None:
    pytest.importorskip("trestle", reason="compliance-trestle, which holds models of OSCAL, is not installed")
    from trestle.oscal import assessment_results, catalog, component

    models = {
        "catalog": catalog.Catalog,
        "component-definition": component.ComponentDefinition,
        "assessment-results": assessment_results.AssessmentResults,
    }
    models[name].model_validate(documents[name])


def test_the_schema_notices_what_is_wrong(documents: dict[str, dict[str, Any]]) -> None:
    for spoil in ({"uuid": "x"}, {"metadata": {}}, {"extra": 1}, {"results": []}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**documents["assessment-results"], **spoil}, SCHEMAS["assessment-results"])


def test_every_identifier_is_given_once(documents: dict[str, dict[str, Any]]) -> None:
    for document in documents.values():
        given = [each["uuid"] for each in _objects(document) if "uuid" in each]
        assert len(given) == len(set(given))


def test_what_is_referred_to_is_there(documents: dict[str, dict[str, Any]]) -> None:
    controls = {control["id"]: control for group in documents["catalog"]["groups"] for control in group["controls"]}
    statements = {part["id"] for control in controls.values() for part in control["parts"]}
    assert set(controls) == {rule.id for rule in RULES.rules}
    for each in _objects(documents["component-definition"]):
        assert each.get("control-id", "gdpr-6-basis") in controls
    results = documents["assessment-results"]
    given = {each["uuid"] for each in _objects(results) if "uuid" in each}
    assert results["import-ap"]["href"].removeprefix("#") in given
    for each in _objects(results):
        assert each.get("target-id") in {None, *statements}
        assert each.get("control-id") in {None, *controls}
        assert each.get("observation-uuid") in {None, *given}
        assert each.get("subject-uuid") in {None, *given}


def test_places_are_the_same_in_both_files(documents: dict[str, dict[str, Any]]) -> None:
    defined = {each["uuid"] for each in documents["component-definition"]["components"]}
    judged = {each["local-definitions"]["components"][0]["uuid"] for each in documents["assessment-results"]["results"]}
    assert defined == judged


def test_states_are_those_of_the_survey(found: Survey, documents: dict[str, dict[str, Any]]) -> None:
    states = {Verdict.YES: ("satisfied", "pass"), Verdict.NO: ("not-satisfied", "fail")}
    for place, result in zip(found.places, documents["assessment-results"]["results"], strict=True):
        for finding, written in zip(place.finding.findings, result.get("findings", ()), strict=True):
            status = written["target"]["status"]
            assert (status["state"], status["reason"]) == states.get(finding.verdict, ("not-satisfied", "other"))
            assert all(fact in status.get("remarks", "") for fact in finding.missing_facts)


def test_another_day_or_what_if_gives_other_identifiers(found: Survey) -> None:
    one = counsel_files(found, NAME, MADE)["oscal/component-definition.json"]
    fallen = replace(found, rules=RULES.assuming("dpf-annulled"))
    other = counsel_files(fallen, NAME, MADE)["oscal/component-definition.json"]
    assert json.loads(one)["component-definition"]["uuid"] != json.loads(other)["component-definition"]["uuid"]


def _objects(content: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document, at any depth."""
    if isinstance(content, dict):
        yield content
        for each in content.values():
            yield from _objects(each)
    elif isinstance(content, list):
        for each in content:
            yield from _objects(each)
