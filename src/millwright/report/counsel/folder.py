"""Everything that counsel, security and auditors are handed of one check, in one folder."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from millwright.law.rego import rego_input, rego_policy
from millwright.law.survey import Survey
from millwright.report.counsel.annex import annex
from millwright.report.counsel.docx import paper_as_docx
from millwright.report.counsel.findings import findings_document
from millwright.report.counsel.markdown import paper_as_markdown
from millwright.report.counsel.oscal import CATALOG_FILE, assessment_results, catalog, component_definition
from millwright.report.counsel.outlines import filled, load_outlines
from millwright.report.counsel.paper import Paper
from millwright.report.counsel.pdf import paper_as_pdf
from millwright.whole_file import write_whole

ANNEX = "annex"


def write_counsel_folder(survey: Survey, name: str, folder: Path, made: dt.datetime) -> tuple[Path, ...]:
    """Write the paper trail of a scenario called `name`; return the files, in the order in which to read them.

    findings.json, the annex and the outlines as Markdown and Word (the annex as PDF too, where Typst is installed),
    OSCAL files, the Rego policy and its inputs. Outlines that apply to nothing are left out. `made` is the moment that
    the files carry: the same survey at the same moment gives the same bytes. Raises InputError for a file that cannot
    be written.
    """
    files = counsel_files(survey, name, made)
    for path, content in files.items():
        write_whole(folder / path, content)
    return tuple(folder / path for path in files)


def counsel_files(survey: Survey, name: str, made: dt.datetime) -> dict[str, bytes]:
    """Return the contents of the paper trail by path in its folder."""
    papers: dict[str, Paper] = {ANNEX: annex(survey, name)}
    for outline in load_outlines():
        if paper := filled(outline, survey, name):
            papers[outline.id] = paper
    files = {"findings.json": _json(findings_document(survey, proof=True))}
    if importlib.util.find_spec("typst") is not None:
        files[f"{ANNEX}.pdf"] = paper_as_pdf(papers[ANNEX], made)
    for id_, paper in papers.items():
        files[f"{id_}.docx"] = paper_as_docx(paper, made)
        files[f"{id_}.md"] = paper_as_markdown(paper).encode("utf-8")
    files[f"oscal/{CATALOG_FILE}"] = _json(catalog(survey, made))
    files["oscal/component-definition.json"] = _json(component_definition(survey, name, made))
    files["oscal/assessment-results.json"] = _json(assessment_results(survey, name, made))
    files["rego/law.rego"] = rego_policy(survey.rules).encode("utf-8")
    files["rego/inputs.json"] = _json(_rego_inputs(survey))
    return files


def _rego_inputs(survey: Survey) -> Mapping[str, Any]:
    """Return what to ask the policy of each place, and the verdict that it must give."""
    return {
        "as_of": survey.as_of.isoformat(),
        "rule_base_version": survey.rules.version,
        "places": [
            {
                "workload": place.workload,
                "place": place.title,
                "verdict": str(place.finding.verdict),
                "input": rego_input(place.workload_facts, place.site_facts, survey.as_of),
            }
            for place in survey.places
        ],
    }


def _json(document: Any) -> bytes:
    return (json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode("utf-8")
