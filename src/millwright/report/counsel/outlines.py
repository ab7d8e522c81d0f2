"""Outlines of papers that counsel completes: impact assessment, transfer assessment, record of processing.

What the scenario or the catalogue says is filled in and marked with its origin; what nobody said stands as a question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from millwright.law.evaluate import RuleFinding, world_of
from millwright.law.expression import Condition, show_fact
from millwright.law.facts import AND_PERHAPS_OTHERS, Fact, known_facts, question_of, values_of
from millwright.law.grammar import read_condition
from millwright.law.kleene import Verdict
from millwright.law.load import read_yaml_file
from millwright.law.rule import Effect
from millwright.law.survey import Place, Survey, titles
from millwright.report.counsel.paper import Block, Heading, Paper, Paragraph, grid
from millwright.report.counsel.stamp import stamp_of

_FILE = Path(__file__).parent / "outlines.yaml"
OPEN = "to be answered"
_HEADS = ("What", "Answer", "From")
_WIDTHS = (3, 6, 3)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an outline: filled from facts and from what rules say, or else a question."""

    about: str
    facts: tuple[Fact, ...] = ()
    rules: tuple[str, ...] = ()
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Rows about the workload, or a table over its places with one column for each fact."""

    title: str
    rows: tuple[Row, ...] = ()
    places: tuple[tuple[str, Fact], ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """A paper to fill in; `of_place`: once for each place, else once for each workload, of which `when` may hold."""

    id: str
    title: str
    basis: str
    of_place: bool
    when: Condition
    note: str
    sections: tuple[Section, ...]


@cache
def load_outlines(path: Path = _FILE) -> tuple[Outline, ...]:
    """Return the outlines; raises RuleFileError for no YAML, ValueError for a fact that does not exist."""
    return tuple(_outline(raw) for raw in read_yaml_file(path)["outlines"])


def filled(outline: Outline, survey: Survey, name: str) -> Paper | None:
    """Return the outline filled in for a scenario called `name`, or None where it applies to nothing there.

    Places that some rule refuses are left out: nothing is to be assessed there. So is an own room, where an outline is
    for each place, unless its condition is known to hold: nothing is transferred to oneself. Countries of one provider
    share an outline, which names each country where they differ.
    """
    usable = [place for place in survey.places if place.finding.verdict is not Verdict.NO]
    concerned = [place for place in usable if _may_hold(outline.when, place, survey)]
    blocks: list[Block] = [Paragraph(outline.note)]
    if outline.of_place:
        concerned = [place for place in concerned if place.provider or _holds(outline.when, place, survey)]
        for found in _of_one_provider(concerned):
            blocks += [Heading(f"{found[0].workload} at {titles(found)}"), *_of(outline, found)]
    else:
        for workload in dict.fromkeys(place.workload for place in concerned):
            mine = [place for place in concerned if place.workload == workload]
            blocks += [Heading(workload), *_of(outline, mine)]
    if not concerned:
        return None
    return Paper(outline.title, f"{name}. {outline.basis}.", stamp_of(survey), tuple(blocks))


def _may_hold(condition: Condition, place: Place, survey: Survey) -> bool:
    return _value(condition, place, survey) is not Verdict.NO


def _holds(condition: Condition, place: Place, survey: Survey) -> bool:
    return _value(condition, place, survey) is Verdict.YES


def _value(condition: Condition, place: Place, survey: Survey) -> Verdict:
    return condition.value(world_of(survey.rules, place.workload_facts, place.site_facts, survey.as_of))


def _of_one_provider(places: Iterable[Place]) -> list[list[Place]]:
    found: dict[tuple[str, str, str], list[Place]] = {}
    for place in places:
        found.setdefault((place.workload, place.site, place.provider), []).append(place)
    return list(found.values())


def _of(outline: Outline, places: Sequence[Place]) -> Iterator[Block]:
    for section in outline.sections:
        yield Heading(section.title, 2)
        if section.places:
            yield _place_table(section, places)
        else:
            yield grid(_HEADS, [line for row in section.rows for line in _lines(row, places)], _WIDTHS)


def _lines(row: Row, places: Sequence[Place]) -> Iterator[tuple[str, str, str]]:
    about = row.about
    for fact in row.facts:
        yield about, *_told_by_country(fact, places)
        about = ""
    for text, origin in _what_rules_say(row.rules, places):
        yield about, text, origin
        about = ""
    if row.asks:
        yield about, row.asks, OPEN


def _told_by_country(fact: Fact, places: Sequence[Place]) -> tuple[str, str]:
    """Return a fact and its origin; where places differ, each value with the countries it is told of."""
    if fact.startswith("workload."):
        return known_or_asked(fact, places[0])
    found: dict[tuple[str, str], list[str]] = {}
    for place in places:
        found.setdefault(known_or_asked(fact, place), []).append(place.country or "place not said")
    if len(found) == 1:
        return next(iter(found))
    text = "; ".join(f"in {', '.join(where)}: {value}" for (value, _), where in found.items())
    return text, "; ".join(dict.fromkeys(origin for _, origin in found))


def known_or_asked(fact: Fact, place: Place) -> tuple[str, str]:
    """Return a fact and its origin; what is not known whole as a question that is to be answered."""
    value = values_of(place.workload_facts, place.site_facts)[fact]
    question = _sentence(question_of(fact))
    if value is None or fact not in place.origins:
        return question, OPEN
    if isinstance(value, tuple) and AND_PERHAPS_OTHERS in value:
        return f"{show_fact(value)}. {question}", f"{place.origins[fact]}; the rest {OPEN}"
    return show_fact(value), place.origins[fact]


def _what_rules_say(ids: Iterable[str], places: Sequence[Place]) -> Iterator[tuple[str, str]]:
    """Yield each rule's line with its verdict, and at which places it has that verdict."""
    for id_ in ids:
        found: dict[Verdict, list[Place]] = {}
        said: dict[Verdict, RuleFinding] = {}
        for place in places:
            for finding in place.finding.findings:
                if finding.rule_id == id_:
                    found.setdefault(finding.verdict, []).append(place)
                    said[finding.verdict] = finding
        for verdict, at in found.items():
            where = "" if len(at) == len(places) else f" At {titles(at, places)}."
            finding = said[verdict]
            states = _RISKS if finding.effect is Effect.WARN else _STATES
            yield f"{finding.plain} {states[verdict]}{where}", f"{finding.instrument} {finding.pinpoint}"


_RISKS = {Verdict.YES: "No such risk.", Verdict.NO: "A risk.", Verdict.UNKNOWN: "Perhaps a risk."}
_STATES = {Verdict.YES: "Met.", Verdict.NO: "Not met.", Verdict.UNKNOWN: "Open."}


def _place_table(section: Section, places: Sequence[Place]) -> Block:
    heads = ("Place", *(head for head, _ in section.places), "From")
    rows = []
    for place in places:
        values = values_of(place.workload_facts, place.site_facts)
        cells = [show_fact(values[fact]) if fact in place.origins else OPEN for _, fact in section.places]
        origins = dict.fromkeys(place.origins[fact] for _, fact in section.places if fact in place.origins)
        rows.append((place.title, *cells, "; ".join(origins)))
    return grid(heads, rows, (3, *(2 for _ in section.places), 3))


def _sentence(question: str) -> str:
    return question[:1].upper() + question[1:]


def _outline(raw: Any) -> Outline:
    return Outline(
        id=raw["id"],
        title=raw["title"],
        basis=raw["basis"],
        of_place=raw["of"] == "place",
        when=read_condition(" ".join(raw["when"].split())),
        note=raw["note"],
        sections=tuple(_section(each) for each in raw["sections"]),
    )


def _section(raw: Any) -> Section:
    rows = tuple(
        Row(
            each["about"],
            tuple(_fact(fact) for fact in each.get("facts", ())),
            tuple(each.get("rules", ())),
            each.get("asks", ""),
        )
        for each in raw.get("rows", ())
    )
    return Section(raw["title"], rows, tuple((each["head"], _fact(each["fact"])) for each in raw.get("places", ())))


def _fact(name: str) -> Fact:
    if name not in known_facts():
        raise ValueError(f"an outline asks for '{name}', which is no fact")
    return name
