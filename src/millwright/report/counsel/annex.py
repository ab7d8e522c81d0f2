"""The annex for counsel: verdict by place, the rules behind it with their citations, and what is open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from millwright.law.evaluate import RuleFinding
from millwright.law.expression import show_fact
from millwright.law.facts import values_of
from millwright.law.kleene import Verdict
from millwright.law.survey import Place, Survey, titles
from millwright.law.wording import Wording, share_read, wording_of
from millwright.report.counsel.paper import Block, Bullets, Heading, Paper, Paragraph, Steps, grid
from millwright.report.counsel.stamp import stamp_of

_WORDS = {Verdict.YES: "allowed", Verdict.NO: "not allowed", Verdict.UNKNOWN: "open, a fact is missing"}
_TEXT = {
    Wording.READ: "✓ “{quote}” Read in text {number}.",
    Wording.UNVERIFIED: "? Not quoted: unverified.",
    Wording.OWN: "· Own rule of the scenario.",
}
_ORDER = (Verdict.YES, Verdict.UNKNOWN, Verdict.NO)


def annex(survey: Survey, name: str) -> Paper:
    """Return the annex for a scenario called `name`."""
    blocks: list[Block] = []
    if survey.not_covered:
        blocks += [Heading("What the rule base does not hold"), Bullets(survey.not_covered)]
    for workload in dict.fromkeys(place.workload for place in survey.places):
        places = [place for place in survey.places if place.workload == workload]
        blocks += [Heading(f"Workload: {workload}"), *_of_workload(places)]
    blocks += _cited(survey)
    blocks += _proofs(survey)
    blocks += _facts(survey)
    return Paper(
        "Annex for counsel", f"{name}: may it run there, and by which article.", stamp_of(survey), tuple(blocks)
    )


def _of_workload(places: Sequence[Place]) -> Iterator[Block]:
    in_order = sorted(places, key=_rank)
    rows = _grouped([(place, (_WORDS[place.finding.verdict], _why(place))) for place in in_order])
    yield Heading("Verdict by place", 2)
    yield grid(("Place", "Verdict", "Because of"), rows, (3, 2, 5))
    clashes = dict.fromkeys(
        f"{clash.rule_id} and {clash.other_rule_id} exclude each other: {clash.reason}."
        for place in places
        for clash in place.finding.contradictions
    )
    if clashes:
        yield Heading("Contradictions, for you to settle", 2)
        yield Bullets(tuple(clashes))
    questions = {fact: text for place in places for fact, text in place.finding.questions.items()}
    if questions:
        yield Heading("Facts that are missing", 2)
        yield grid(
            ("Fact", "Question", "At"), [(fact, text, _at(fact, places)) for fact, text in questions.items()], (3, 4, 4)
        )
    usable = [place for place in places if place.finding.verdict is not Verdict.NO]
    if usable:
        yield from _sovereignty(usable)
    duties = [(place, each) for place in usable for each in place.finding.duties]
    risks = [(place, each) for place in usable for each in place.finding.warnings]
    if duties:
        yield Heading("To be done before going live", 2)
        rows = [
            (_citation(each), each.plain, _where(at, usable), "; ".join(each.evidence) or "–")
            for each, at in _once_with_places(duties)
        ]
        yield grid(("Rule", "What it says", "Where", "Evidence to file"), rows, (3, 5, 3, 3))
    if risks:
        yield Heading("Risks at places that may be used", 2)
        rows = [
            (_citation(each), each.plain, _where_risky(each.rule_id, at, usable))
            for each, at in _once_with_places(risks)
        ]
        yield grid(("Rule", "What it says", "Where"), rows, (3, 5, 4))


def _grouped(rows: Sequence[tuple[Place, tuple[str, ...]]]) -> list[tuple[str, ...]]:
    """Return a row for all places of which a table says the same, by name, in the order of the first of them."""
    found: dict[tuple[str, ...], list[Place]] = {}
    for place, cells in rows:
        found.setdefault(cells, []).append(place)
    return [(titles(places), *cells) for cells, places in found.items()]


def _once_with_places(found: Iterable[tuple[Place, RuleFinding]]) -> Iterator[tuple[RuleFinding, list[Place]]]:
    by_rule: dict[str, tuple[RuleFinding, list[Place]]] = {}
    for place, finding in found:
        by_rule.setdefault(finding.rule_id, (finding, []))[1].append(place)
    yield from by_rule.values()


def _where(at: Sequence[Place], usable: Sequence[Place]) -> str:
    return "everywhere" if len(at) == len(usable) else titles(at, usable)


def _where_risky(rule: str, at: Sequence[Place], usable: Sequence[Place]) -> str:
    """Return where a risk is known to be, and where it hangs on a fact that is missing."""
    known = [place for place in at if any(each.rule_id == rule for each in place.finding.risks)]
    open_ = [place for place in at if place not in known]
    parts = [_where(known, usable)] if known else []
    parts += [f"perhaps, as a fact is missing: {_where(open_, usable)}"] if open_ else []
    return "\n".join(parts)


def _sovereignty(places: Sequence[Place]) -> Iterator[Block]:
    """Yield how sovereign each place is, whether it can be cut off, and which answers are nobody's word yet."""
    yield Heading("Sovereignty, and whether it can be cut off", 2)
    rows = []
    for place in places:
        score = place.sovereignty
        levels = ", ".join(f"{each.id} {_span(each.low, each.high)}" for each in score.objectives)
        cut_off = {Verdict.YES: "can be cut off", Verdict.NO: "cannot", Verdict.UNKNOWN: "not known"}
        cells = (
            f"{_span(round(score.low), round(score.high))} %",
            levels,
            cut_off[place.air_gap.feasible],
            _obstacles(place),
        )
        rows.append((place, cells))
    yield grid(
        ("Place", "Score", "Levels reached, of 4", "Air gap", "What it cannot be given"),
        _grouped(rows),
        (3, 1, 5, 2, 3),
    )
    yield Paragraph(
        "Score and levels after the EU Cloud Sovereignty Framework 1.2.1, in our own reading; a span where a fact is "
        "missing. findings.json holds each answer with its facts and whose word it is.",
        quiet=True,
    )


def _obstacles(place: Place) -> str:
    return "; ".join(need.what for need in place.air_gap.obstacles) or "–"


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}–{high}"


def _cited(survey: Survey) -> Iterator[Block]:
    """Yield every rule that applies somewhere, with its text where it was read in the publisher's own."""
    findings = _once(each for place in survey.places for each in place.finding.findings)
    late = {rule for place in survey.places for rule in place.finding.past_review}
    yield Heading("The rules that apply")
    reviewers = sorted({survey.rules.rule(each.rule_id).reviewer for each in findings} - {""})
    yield Paragraph(
        f"{share_read(findings)} Reviewed by: {', '.join(reviewers) or 'nobody; no lawyer has read the rules yet'}."
    )
    rows = []
    texts: dict[str, int] = {}
    for each in sorted(findings, key=lambda found: found.rule_id):
        number = texts.setdefault(each.read_in, len(texts) + 1) if each.read_in else 0
        text = _TEXT[wording_of(each)].format(quote=each.quote, number=number)
        marks = [str(each.status).replace("_", " "), str(each.effect)]
        marks += ["past its review date"] if each.rule_id in late else []
        plain = f"{each.plain} {each.note}".strip()
        rows.append((f"{_citation(each)}\n{each.rule_id}", plain, f"{text} {each.link}".strip(), ", ".join(marks)))
    yield grid(("Rule", "In plain words", "Text and link", "Status, effect"), rows, (3, 5, 5, 2))
    if texts:
        yield Heading("The texts that were read", 2)
        yield Bullets(tuple(f"Text {number}: {text}" for text, number in texts.items()))
    yield Paragraph(
        "Unverified: the article is cited, its wording was not checked against the publisher's text.", quiet=True
    )


def _proofs(survey: Survey) -> Iterator[Block]:
    """Yield the proof of each binding rule that refuses or leaves open, once for all places where it reads alike."""
    found: dict[tuple[str, tuple[str, ...]], dict[str, list[Place]]] = {}
    for place in survey.places:
        for each in place.finding.deciding:
            if each.verdict is not Verdict.YES:
                key = (_citation(each), tuple(each.proof.lines()))
                found.setdefault(key, {}).setdefault(place.workload, []).append(place)
    if found:
        yield Heading("Proofs")
        yield Paragraph(
            "Each line is a statement with its answer; the facts it looked at stand in brackets.", quiet=True
        )
    for (cited, lines), where in sorted(found.items()):
        yield Heading(cited, 3)
        yield Paragraph("; ".join(f"{workload} at {titles(places)}" for workload, places in where.items()))
        yield Steps(tuple(_step(line) for line in lines[1:]))


def _facts(survey: Survey) -> Iterator[Block]:
    """Yield what was known of each workload and place, and from whom."""
    yield Heading("Facts and where they come from")
    for workload in dict.fromkeys(place.workload for place in survey.places):
        places = [place for place in survey.places if place.workload == workload]
        yield Heading(workload, 2)
        yield _fact_table(places[:1], "workload")
    by_provider: dict[tuple[str, str], dict[str, Place]] = {}
    for place in survey.places:
        by_provider.setdefault((place.site, place.provider), {}).setdefault(place.title, place)
    for found in by_provider.values():
        yield Heading(titles(found.values()), 2)
        yield _fact_table(list(found.values()), "site")


def _fact_table(places: Sequence[Place], prefix: str) -> Block:
    """Return the facts of places of one provider; where they differ, with the country each is told of."""
    cells: dict[str, dict[tuple[str, str], list[str]]] = {}
    for place in places:
        values = values_of(place.workload_facts, place.site_facts)
        for fact, origin in place.origins.items():
            if fact.startswith(f"{prefix}."):
                cell = (show_fact(values[fact]), origin)
                cells.setdefault(fact, {}).setdefault(cell, []).append(place.country or "place not said")
    rows = [
        (
            fact,
            next(iter(found))[0]
            if len(found) == 1
            else "; ".join(f"in {', '.join(where)}: {value}" for (value, _), where in found.items()),
            "; ".join(dict.fromkeys(origin for _, origin in found)),
        )
        for fact, found in cells.items()
    ]
    return grid(("Fact", "Value", "From"), rows, (3, 3, 4))


def _why(place: Place) -> str:
    finding = place.finding
    if finding.verdict is Verdict.YES:
        return f"{len(finding.deciding)} binding rules met" if finding.deciding else "no binding rule applies"
    return "; ".join(dict.fromkeys(_citation(each) for each in finding.deciding))


def _at(fact: str, places: Sequence[Place]) -> str:
    return titles([place for place in places if fact in place.finding.missing_facts], places)


def _once(findings: Iterable[RuleFinding]) -> list[RuleFinding]:
    return list({each.rule_id: each for each in findings}.values())


def _citation(finding: RuleFinding) -> str:
    return f"{finding.instrument} {finding.pinpoint}"


def _rank(place: Place) -> int:
    return _ORDER.index(place.finding.verdict)


def _step(line: str) -> tuple[int, str]:
    """Return a proof's line with its depth below the rule itself."""
    return (len(line) - len(line.lstrip())) // 2 - 1, line.strip()
