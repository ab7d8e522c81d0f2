"""A saved plan as the files of the command: the same bytes, to be kept and not to be run."""

from __future__ import annotations

import io
import zipfile

import pytest
from fastapi.testclient import TestClient
from sample_plan import small_office_plan

from millwright.plan.plan_file import plan_as_json
from millwright.report.brief import render_brief
from millwright.report.markdown import render_markdown

PLAN = small_office_plan()


@pytest.fixture
def saved(client: TestClient) -> str:
    answer = client.post("/api/library/plans", json={"plan_json": plan_as_json(PLAN)})
    assert answer.status_code == 201, answer.text
    return f"/api/library/plans/{answer.json()['id']}/files"


def test_the_wiki_page_and_the_workbook_are_those_of_the_command(client: TestClient, saved: str) -> None:
    wiki = client.get(f"{saved}/plan.md")
    assert wiki.text == render_markdown(PLAN)
    assert wiki.headers["content-disposition"] == 'attachment; filename="plan.md"'
    book = client.get(f"{saved}/plan.xlsx")
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(book.content)).namelist()


def test_the_paper_is_drawn_by_a_worker_within_its_limits(client: TestClient, saved: str) -> None:
    pytest.importorskip("typst", reason="Typst is an extra: pip install 'millwright[paper]'")
    assert client.get(f"{saved}/brief.pdf").content == render_brief(PLAN)


def test_there_is_no_other_file_and_no_plan_that_is_not_saved(client: TestClient, saved: str) -> None:
    assert client.get(f"{saved}/passwd").status_code == 422
    assert client.get("/api/library/plans/0123456789ab/files/plan.md").status_code == 404
    assert client.get("/api/plan/files/plan.md").status_code == 404, "no plan was opened"
