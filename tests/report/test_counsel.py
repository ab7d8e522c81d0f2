"""The paper trail: every paper is stamped, every filled-in fact says whose word it is, nothing open looks settled."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from counsel_survey import DAY, MADE, NAME, RULES, TEXT, surveyed

from millwright.errors import InputError
from millwright.law.evaluate import evaluate, world_of
from millwright.law.facts import question_of, values_of
from millwright.law.kleene import Verdict
from millwright.law.survey import Survey
from millwright.report.counsel.annex import annex
from millwright.report.counsel.docx import paper_as_docx
from millwright.report.counsel.folder import counsel_files, write_counsel_folder
from millwright.report.counsel.markdown import paper_as_markdown
from millwright.report.counsel.outlines import OPEN, filled, known_or_asked, load_outlines
from millwright.report.counsel.paper import Bullets, Grid, Heading, Paper, Paragraph, Steps, grid
from millwright.report.counsel.pdf import paper_as_pdf
from millwright.report.counsel.stamp import stamp_of

OUTLINES = {outline.id: outline for outline in load_outlines()}
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


TRANSFERS = {
    "DE": "transfer-assessment",
    "GB": "uk-transfer-assessment",
    "CH": "swiss-transfer-assessment",
    "BR": "brazil-transfer-assessment",
    "CN": "china-export-assessment",
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    return surveyed(tmp_path_factory.mktemp("case"), {"site.baa_signed": False})


@pytest.fixture(scope="module")
def files(found: Survey) -> dict[str, bytes]:
    return counsel_files(found, NAME, MADE)


def papers(found: Survey) -> dict[str, Paper]:
    written = {id_: filled(outline, found, NAME) for id_, outline in OUTLINES.items()}
    return {"annex": annex(found, NAME), **{id_: paper for id_, paper in written.items() if paper}}


def rows_of(paper: Paper) -> list[tuple[str, ...]]:
    return [row for block in paper.blocks if isinstance(block, Grid) for row in block.rows]


# --- the stamp ------------------------------------------------------------------------------------------------


def test_every_paper_and_file_carries_day_rule_base_and_that_it_is_no_advice(
    found: Survey, files: dict[str, bytes]
) -> None:
    assert set(papers(found)) == {"annex", "dpia", "transfer-assessment", "record-of-processing"}
    for name, content in files.items():
        if name.endswith(".docx"):
            text = _word_text(content)
        elif name.endswith(".pdf") or name == "rego/inputs.json":
            continue  # the PDF shows the same paper; the inputs are the policy's, which carries the stamp
        else:
            text = content.decode("utf-8")
        assert RULES.version in text, name
        assert "not legal advice" in text, name
        assert name == "rego/law.rego" or name == "oscal/catalog.json" or DAY.isoformat() in text, name


def test_a_what_if_stands_in_the_stamp(found: Survey) -> None:
    assert "What if: dpf-annulled." in stamp_of(replace(found, rules=RULES.assuming("dpf-annulled")))
    assert "What if" not in stamp_of(found)


# --- facts and their origin -----------------------------------------------------------------------------------


def test_every_known_fact_has_an_origin_and_no_unknown_one_has(found: Survey) -> None:
    for place in found.places:
        for fact, value in values_of(place.workload_facts, place.site_facts).items():
            assert (fact in place.origins) is (value is not None and value not in (("?",), "")), fact


@pytest.mark.parametrize(
    ("site", "fact", "origin"),
    [
        ("room", "workload.data_classes", "scenario, workloads.chat *ward*.data"),
        ("room", "workload.subjects", "assumed: the organisation's own country"),
        ("room", "workload.purpose", "scenario, law.facts"),
        ("room", "workload.allowed_jurisdictions", "scenario, law.allowed_jurisdictions"),
        ("room", "workload.financial_entity", "assumed from the sector, health"),
        ("room", "workload.model_licence", "catalogue of models"),
        ("room", "site.rest_countries", "scenario, sites.room"),
        ("room", "site.operator_country", "follows from an own room"),
        ("room", "site.baa_signed", "said with --assume"),
        ("clouds", "site.processor_contract", "scenario, sites.clouds.facts"),
        ("clouds", "site.certifications", "scenario, sites.clouds.facts"),
        ("clouds", "site.controlling_jurisdiction", "catalogue, aws"),
    ],
)
def test_an_origin_names_who_said_it(found: Survey, site: str, fact: str, origin: str) -> None:
    place = next(each for each in found.places if each.site == site and each.provider in ("", "aws"))
    assert place.origins[fact] == origin


def test_a_fact_is_filled_in_with_its_origin_or_asked_for(found: Survey) -> None:
    room = found.places[0]
    for fact in values_of(room.workload_facts, room.site_facts):
        text, origin = known_or_asked(fact, room)
        if fact in room.origins:
            assert origin.startswith(room.origins[fact])
        else:
            assert (text.lower(), origin) == (question_of(fact).lower(), OPEN)


def test_what_is_known_in_part_is_asked_for_too(found: Survey) -> None:
    cloud = next(place for place in found.places if place.provider == "scaleway")
    text, origin = known_or_asked("site.establishment_countries", cloud)
    assert text.startswith("FR, perhaps others. In which countries")
    assert origin == f"catalogue, scaleway; the rest {OPEN}"


def test_every_row_of_an_outline_says_where_it_comes_from_or_that_it_is_open(found: Survey) -> None:
    known = {origin for place in found.places for origin in place.origins.values()}
    cited = {f"{each.instrument} {each.pinpoint}" for place in found.places for each in place.finding.findings}
    for id_, paper in papers(found).items():
        if id_ == "annex":
            continue
        for row in rows_of(paper):
            parts = row[-1].split("; ")
            assert all(part in known | cited or part.endswith(OPEN) for part in parts), row
            assert row[-1] != OPEN or row[1].rstrip().endswith((".", "?")), row


# --- outlines -------------------------------------------------------------------------------------------------


def test_outlines_are_about_personal_data_and_usable_places_only(found: Survey) -> None:
    for id_ in ("dpia", "record-of-processing"):
        text = paper_as_markdown(papers(found)[id_])
        assert "menus" not in text
        assert "scaleway" in text
        assert "clouds: aws" not in text  # refused: its owner stands under a law that is not allowed
    headings = [block.text for block in papers(found)["dpia"].blocks if isinstance(block, Heading)]
    assert headings[0] == "chat *ward*"


def test_a_transfer_is_assessed_only_where_there_may_be_one(tmp_path: Path) -> None:
    shut = ("support", "telemetry", "subprocessor", "rest", "processing")
    told = {f"site.{name}_countries": ("DE",) for name in shut} | {"site.compelling_jurisdictions": ("DE",)}
    assert filled(OUTLINES["transfer-assessment"], surveyed(tmp_path, told), NAME) is None
    told["site.support_countries"] = ("IN",)
    paper = filled(OUTLINES["transfer-assessment"], surveyed(tmp_path, told), NAME)
    assert paper is not None
    assert ("Reached for support from", "IN", "said with --assume") in rows_of(paper)


def test_nothing_is_transferred_to_an_own_room_at_home_and_countries_of_a_provider_share_an_outline(
    found: Survey,
) -> None:
    paper = papers(found)["transfer-assessment"]
    headings = [block.text for block in paper.blocks if isinstance(block, Heading) and " at " in block.text]
    own = {place.site for place in found.places if not place.provider}
    assert headings
    assert own
    assert not [each for each in headings for site in own if f"at {site} (" in each]
    of_provider = {(place.workload, place.site, place.provider) for place in found.places if place.provider}
    assert len(headings) <= len(of_provider)


@pytest.mark.parametrize(("country", "paper"), TRANSFERS.items())
def test_each_home_has_its_own_transfer_assessment(tmp_path: Path, country: str, paper: str) -> None:
    abroad = TEXT.replace("country: DE", f"country: {country}").replace(", residency: [EU]", "")
    found = surveyed(tmp_path, text=abroad.replace("allowed_jurisdictions: [EU], ", ""))
    mine = {id_ for id_ in TRANSFERS.values() if filled(OUTLINES[id_], found, NAME) is not None}
    assert mine == {paper}
    written = paper_as_markdown(papers(found)[paper])
    assert "2. The tool it rests on" in written
    assert "6. Look again" in written


def test_without_personal_data_there_is_nothing_to_assess(tmp_path: Path) -> None:
    found = surveyed(tmp_path, text=TEXT.replace("[health]", "[internal]"))
    assert {filled(outline, found, NAME) for outline in OUTLINES.values()} == {None}
    assert not [name for name in counsel_files(found, NAME, MADE) if name.startswith(("dpia", "transfer", "record"))]


def test_every_outline_asks_only_for_rules_that_exist() -> None:
    known = {rule.id for rule in RULES.rules}
    for outline in OUTLINES.values():
        for section in outline.sections:
            for row in section.rows:
                assert set(row.rules) <= known, row
                assert row.facts or row.rules or row.asks, row


# --- the annex ------------------------------------------------------------------------------------------------


def test_the_annex_names_every_place_verdict_and_rule(found: Survey) -> None:
    paper = annex(found, NAME)
    rows = rows_of(paper)
    cells = {row[0] for row in rows}
    words = {Verdict.YES: "allowed", Verdict.NO: "not allowed", Verdict.UNKNOWN: "open, a fact is missing"}
    for place in found.places:
        mine = [row[0] for row in rows if row[1:2] == (words[place.finding.verdict],)]
        assert any(place.site in cell and place.provider in cell and place.country in cell for cell in mine)
        for finding in place.finding.findings:
            assert any(finding.rule_id in cell for cell in cells)
        for fact, question in place.finding.questions.items():
            assert any(row[:2] == (fact, question) for row in rows)


def test_the_annex_quotes_only_what_was_read_and_marks_the_rest(found: Survey) -> None:
    table = next(
        block for block in annex(found, NAME).blocks if isinstance(block, Grid) and "Text and link" in block.heads
    )
    for rule_cell, _, text, _ in table.rows:
        rule = RULES.rule(rule_cell.split("\n")[1])
        assert ("unverified" in text) is rule.unverified
        assert not rule.quote or rule.quote in text
        assert rule.link in text


def test_the_annex_tells_how_sovereign_usable_places_are_and_which_can_be_cut_off(found: Survey) -> None:
    table = next(block for block in annex(found, NAME).blocks if isinstance(block, Grid) and "Air gap" in block.heads)
    shown = {row[0]: row for row in table.rows}
    assert shown["room (DE)"][3] == "can be cut off"
    assert shown["clouds: scaleway (FR)"][3] == "cannot"
    assert "SOV-1" in shown["clouds: scaleway (FR)"][2]
    assert "clouds: aws (DE)" not in shown


def test_each_refusal_stands_with_its_proof(found: Survey) -> None:
    proofs = [block for block in annex(found, NAME).blocks if isinstance(block, Steps)]
    assert proofs
    shown = {tuple(line for _, line in block.lines) for block in proofs}
    for place in found.places:
        for finding in place.finding.deciding:
            if finding.verdict is not Verdict.YES:
                assert tuple(line.strip() for line in list(finding.proof.lines())[1:]) in shown


def test_a_contradiction_is_handed_to_counsel(tmp_path: Path) -> None:
    text = TEXT.replace("residency: [EU]", "residency: [CN]").replace("allowed_jurisdictions: [EU], ", "")
    blocks = annex(surveyed(tmp_path, text=text), NAME).blocks
    place = next(number for number, block in enumerate(blocks) if isinstance(block, Heading) and "settle" in block.text)
    listed = blocks[place + 1]
    assert isinstance(listed, Bullets)
    assert any("scenario-residency" in item and "gdpr-44-transfer" in item for item in listed.items)


# --- Markdown, Word, PDF --------------------------------------------------------------------------------------

HOSTILE = "a | b\n# c\n[x](javascript:alert(1)) <script> `d` *e* \x07 & ]]>"


def hostile() -> Paper:
    blocks = (
        Heading(HOSTILE),
        Paragraph(HOSTILE),
        Bullets((HOSTILE,)),
        Steps(((0, HOSTILE), (2, HOSTILE))),
        grid((HOSTILE, "two"), [(HOSTILE, "")], (1, 2)),
    )
    return Paper(HOSTILE, HOSTILE, HOSTILE, blocks)


def test_nothing_in_a_text_forms_markdown() -> None:
    text = paper_as_markdown(hostile())
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        line for line in text.splitlines() if re.match(r"#{1,3} a \\\|", line)
    ]
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)\]\(", text)
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {3}


def test_a_word_document_is_whole_and_holds_every_text(found: Survey) -> None:
    for paper in (*papers(found).values(), hostile()):
        text = _word_text(paper_as_docx(paper, MADE))
        for block in paper.blocks:
            for each in _texts(block):
                assert " ".join(each.replace("\x07", " ").split()) in text


def test_a_word_document_has_headings_and_tables_that_repeat_their_head(found: Survey) -> None:
    with zipfile.ZipFile(io.BytesIO(paper_as_docx(annex(found, NAME), MADE))) as file:
        body = ElementTree.fromstring(file.read("word/document.xml"))
        styles = ElementTree.fromstring(file.read("word/styles.xml"))
    used = {each.get(f"{WORD}val") for each in body.iter(f"{WORD}pStyle")}
    defined = {each.get(f"{WORD}styleId") for each in styles.iter(f"{WORD}style")}
    assert {"Title", "Heading1", "Heading2", "TableHead"} <= used <= defined
    tables = list(body.iter(f"{WORD}tbl"))
    assert len(tables) == len(list(body.iter(f"{WORD}tblHeader"))) > 5


def test_word_opens_in_another_reader(found: Survey) -> None:
    docx = pytest.importorskip("docx", reason="python-docx, another reader of Word files, is not installed")
    paper = annex(found, NAME)
    document = docx.Document(io.BytesIO(paper_as_docx(paper, MADE)))
    assert len(document.tables) == sum(isinstance(block, Grid) for block in paper.blocks)
    assert document.core_properties.title == "Annex for counsel"


@pytest.mark.parametrize("name", ["annex", "hostile"])
def test_a_paper_is_set_and_repeatable(found: Survey, name: str) -> None:
    pytest.importorskip("typst", reason="Typst, which sets papers, is not installed")
    paper = hostile() if name == "hostile" else annex(found, NAME)
    first, second = paper_as_pdf(paper, MADE), paper_as_pdf(paper, MADE)
    assert first == second
    assert first.startswith(b"%PDF-")


def test_a_row_that_does_not_fit_its_table_is_refused() -> None:
    with pytest.raises(ValueError, match="3 cells under 2 heads"):
        grid(("a", "b"), [("1", "2", "3")], (1, 1))


# --- the folder -----------------------------------------------------------------------------------------------


def test_the_same_survey_gives_the_same_files(found: Survey, files: dict[str, bytes]) -> None:
    again = counsel_files(found, NAME, MADE)
    assert again == files


def test_the_findings_are_those_of_the_survey(found: Survey, files: dict[str, bytes]) -> None:
    document = json.loads(files["findings.json"])
    assert document["verdict"] == str(found.verdict)
    assert len(document["places"]) == len(found.places)
    for place, written in zip(found.places, document["places"], strict=True):
        assert {each["rule"] for each in written["findings"]} == {each.rule_id for each in place.finding.findings}
        assert all(each["proof"] for each in written["findings"])
        assert {fact: each["from"] for fact, each in written["facts"].items()} == place.origins


def test_the_rego_inputs_hold_the_facts_of_each_place(found: Survey, files: dict[str, bytes]) -> None:
    written = json.loads(files["rego/inputs.json"])["places"]
    for place, each in zip(found.places, written, strict=True):
        known = {
            fact: list(value) if isinstance(value, tuple) else value
            for fact, value in values_of(place.workload_facts, place.site_facts).items()
            if value is not None
        }
        assert each["input"] == {"as_of": DAY.isoformat(), "facts": known}
        assert each["verdict"] == str(evaluate(RULES, place.workload_facts, place.site_facts, DAY).verdict)
        assert world_of(RULES, place.workload_facts, place.site_facts, DAY).day == DAY


def test_a_folder_that_cannot_be_written_is_said_so(found: Survey, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, no folder")
    with pytest.raises(InputError, match="cannot be written"):
        write_counsel_folder(found, NAME, tmp_path / "taken", MADE)
    assert write_counsel_folder(found, NAME, tmp_path / "new", MADE)[0] == tmp_path / "new" / "findings.json"


def _texts(block: object) -> list[str]:
    if isinstance(block, Heading | Paragraph):
        return [block.text]
    if isinstance(block, Bullets):
        return list(block.items)
    if isinstance(block, Steps):
        return [line for _, line in block.lines]
    assert isinstance(block, Grid)
    return [*block.heads, *(cell for row in block.rows for cell in row)]


def _word_text(content: bytes) -> str:
    """The text of a Word file, a paragraph a line; every part must be well-formed XML."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        parts = {name: ElementTree.fromstring(file.read(name)) for name in file.namelist()}
    paragraphs = parts["word/document.xml"].iter(f"{WORD}p")
    return "\n".join("".join(run.text or "" for run in each.iter(f"{WORD}t")) for each in paragraphs)
