"""brief.pdf: the plan as a paper of four to six pages that a board can read, set by Typst without any network.

Typst gets the texts as data, never as markup: nothing in a scenario can form a heading, a link or a command.
"""

from __future__ import annotations

import datetime
import importlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from millwright.errors import InputError
from millwright.plan.model import Option, Origin, Plan
from millwright.plan.plan_file import write_whole
from millwright.report.figures import Figure, figures
from millwright.report.format import assumption_value, bare, count, estimate_text, number_text, percent
from millwright.report.grouping import duties_of, findings_by_rule
from millwright.report.leading import leading, ranks_text
from millwright.report.mix_text import gap_text, limits_text, proof_texts
from millwright.report.ranking import latency_cells, limit_label, ranking, rival_sentences
from millwright.report.readiness import axis_range, condition_texts, exit_texts, readiness_texts
from millwright.report.refusals import refusal_groups
from millwright.report.sovereign_text import sovereignty_line
from millwright.report.staff_text import staff_actions, staff_comparison, staff_sentences
from millwright.report.wording import (
    BASIS_WORDS,
    DECISION_WORDS,
    FORMULAS,
    KIND_WORDS,
    ORIGIN_WORDS,
    STAGE_WORDS,
    VERDICT_MARKS,
    VERDICT_WORDS,
    finding_words,
    odds_text,
    rules_text,
)

_TEMPLATE = Path(__file__).parent / "templates" / "brief.typ"
_CHART_WIDTH, _CHART_HEIGHT = 580, 170
_ROW_SHRINKS_TO = 0.82
"""The paper has less room: rows of a bar chart stand closer than on the page."""
_IN_ROWS = ("lcot", "cost-by-cause")
_MANY_OPTIONS = 8
_MANY_ASSUMPTIONS = 10
_MANY_FIGURES = 3
"""Charts of one section: a plan of many workloads has more in report.html."""
_MANY_RULES = 5
_MANY_ACTIONS = 6
_MANY_SOURCES = 10


def write_brief(plan: Plan, path: Path) -> None:
    """Write the paper to `path`; the file is either whole or what was there before. Raises InputError without Typst."""
    write_whole(path, render_brief(plan))


def render_brief(plan: Plan) -> bytes:
    """Return the paper as PDF. Raises InputError when Typst is not installed."""
    try:
        typst = importlib.import_module("typst")
    except ImportError as error:
        remedy = "Say: pip install 'millwright[paper]'"
        raise InputError("the paper is set by Typst, which is not installed", "", remedy) from error

    with tempfile.TemporaryDirectory(prefix="millwright-") as folder:
        root = Path(folder)
        shutil.copy(_TEMPLATE, root / "brief.typ")
        drawn = figures(plan, _MANY_OPTIONS)
        for figure in drawn:
            (root / f"{figure.name}.pdf").write_bytes(_chart_pdf(figure))
        content = brief_content(plan, drawn)

        def set_paper(*, floats: bool) -> bytes:
            text = json.dumps({**content, "floats": floats}, allow_nan=False)
            (root / "brief.json").write_text(text, encoding="utf-8")
            # Only the fonts inside Typst: the paper looks the same on every machine.
            return bytes(
                typst.compile(
                    root / "brief.typ",
                    root=root,
                    ignore_system_fonts=True,
                    format="pdf",
                    timestamp=_moment(plan.header.created),
                )
            )

        try:
            return set_paper(floats=True)
        except typst.TypstError:  # Typst 0.15 cannot tag some pages with floating charts ("parent group")
            return set_paper(floats=False)


def brief_content(plan: Plan, drawn: tuple[Figure, ...] = ()) -> dict[str, Any]:
    """Return all texts of the paper, ready to be set: lists of paragraphs and tables of cells."""
    header, answer = plan.header, plan.answer
    chosen = next((option for option in plan.options if option.id == answer.option_id), None)
    law, assumed, sources = _law(plan), _assumptions(plan, chosen), _sources(plan, chosen)
    return {
        "title": header.scenario_name,
        "organisation": header.organisation,
        "date": header.created.split("T")[0],
        "decision": DECISION_WORDS[answer.decision],
        "answer": answer.sentence,
        "odds": odds_text(answer.probability) if chosen else "",
        "question": _question(plan),
        "turns": [turn.sentence for turn in answer.turns],
        "next_steps": list(answer.next_steps),
        "key_figures": _key_figures(plan, chosen) if chosen else [],
        "options": _options(plan),
        "mix": _mix(plan),
        "more_options": max(0, len(plan.options) - _MANY_OPTIONS),
        "currency": header.currency,
        "figures": {
            section: [
                {"file": f"{figure.name}.pdf", "caption": figure.caption, "alt": figure.alt}
                for figure in [figure for figure in drawn if figure.section == section][:_MANY_FIGURES]
            ]
            for section in ("ranking", "money", "latency")
        },
        "causes": _causes(plan, chosen) if chosen else [],
        "break_even": [f"Against {broken.against_title}: {broken.sentence}" for broken in chosen.cost.break_even]
        if chosen
        else [],
        "law": law[:_MANY_RULES],
        "duties": _duties(chosen) if chosen else "",
        "more_law": max(0, len(law) - _MANY_RULES),
        "people": _people(plan, chosen) if chosen else [],
        "leaving": exit_texts(chosen.exit) if chosen and chosen.exit else [],
        "readiness": _readiness(plan, chosen),
        "to_get_ready": [
            [each.start, each.end, each.title, each.owner]
            for each in (plan.readiness.actions if plan.readiness else ())
        ],
        "binds": [f"{bind.text} {bind.relief}".strip() for bind in chosen.binds] if chosen else [],
        "risks": _risks(plan, chosen),
        "refused": [
            [str(len(group.members)), STAGE_WORDS[group.stage], group.summary] for group in refusal_groups(plan)
        ],
        "refused_count": count(len(plan.refused), "configuration"),
        "assumptions": assumed[:_MANY_ASSUMPTIONS],
        "more_assumptions": max(0, len(plan.assumptions) - _MANY_ASSUMPTIONS),
        "sources": sources[:_MANY_SOURCES],
        "more_sources": max(0, len(sources) - _MANY_SOURCES),
        "words": [list(pair) for pair in FORMULAS],
        "disclaimer": header.disclaimer,
        "made": (
            f"Millwright {header.millwright_version}, {header.created}; catalogue {header.catalogue_date}, rules "
            f"{rules_text(header)}, seed {header.seed}, scenario {header.scenario_hash}."
        ),
    }


def _question(plan: Plan) -> list[str]:
    texts = []
    for workload in plan.workloads:
        limits = ", ".join(f"{limit_label(limit)} ≤ {number_text(limit.limit_s, 's')}" for limit in workload.slo)
        parts = [
            f"{workload.name}: {workload.model}, {workload.traffic}.",
            f"{number_text(workload.rate_mean_per_s, 'requests/s')} on average, "
            f"{number_text(workload.rate_peak_per_s, 'requests/s')} at the planned peak; "
            f"{number_text(workload.input_length.mean_tokens)} tokens in and "
            f"{number_text(workload.output_length.mean_tokens)} out on average; "
            f"{number_text(workload.input_tokens_per_month + workload.output_tokens_per_month, 'tokens')} a month.",
            f"Promise: {limits}." if limits else "",
            f"Data: {', '.join(workload.data_classes)}." if workload.data_classes else "",
            f"Residency: {', '.join(workload.residency)}." if workload.residency else "",
        ]
        texts.append(" ".join(part for part in parts if part))
    return texts


def _key_figures(plan: Plan, chosen: Option) -> list[list[str]]:
    cells = latency_cells(plan, chosen)
    return [
        ["LCOT", estimate_text(chosen.cost.lcot)],
        ["To buy", estimate_text(chosen.cost.capex)],
        ["Running", estimate_text(chosen.cost.opex_per_month)],
        *([f"{cell.label}, limit {cell.limit}", str(cell.shown)] for cell in cells),
        ["Law", VERDICT_WORDS[chosen.law.verdict]],
        *([["Sovereignty", line]] if (line := sovereignty_line(chosen).removeprefix("Sovereignty ")) else []),
        ["LCOT is", BASIS_WORDS[chosen.cost.lcot.basis]],
    ]


def _options(plan: Plan) -> list[dict[str, Any]]:
    currency = plan.header.currency
    return [
        {
            "rank": row.rank,
            "title": row.title,
            "detail": f"{KIND_WORDS[row.option.kind]}; {'; '.join(row.fleet)}; {row.where}",
            "lcot": row.lcot.value,
            "interval": row.lcot.interval,
            "capex": "–" if row.option.cost.capex.value == 0 else bare(row.capex, currency),
            "opex": bare(row.opex, currency),
            "latency": [f"{cell.label} {cell.shown.value} {cell.shown.unit}" for cell in row.latencies] or ["–"],
            "law": VERDICT_MARKS[row.verdict],
            "odds": row.odds,
        }
        for row in ranking(plan, leading(plan, _MANY_OPTIONS))
    ]


def _mix(plan: Plan) -> str:
    """Return the mixed fleet as one paragraph: its worth, the proof, what limits cost; empty where there is none."""
    if plan.mix is None:
        return ""
    limits = limits_text(plan.mix, plan.header.currency)
    costs = [f"Limits cost: {limits}."] if limits else []
    return " ".join([plan.mix.sentence, gap_text(plan.mix), *proof_texts(plan.mix), *costs])


def _causes(plan: Plan, chosen: Option) -> list[list[str]]:
    currency = plan.header.currency
    return [
        [cause.label, number_text(cause.per_month, f"{currency}/month"), number_text(cause.lcot, f"{currency}/Mtok")]
        for cause in chosen.cost.by_cause
    ]


def _law(plan: Plan) -> list[list[str]]:
    """Return what the rules say of the options in the table, the gravest first; report.html has every rule."""
    shown = {option.rank for option in leading(plan, _MANY_OPTIONS)}
    rows = []
    for finding, ranks in findings_by_rule(plan):
        rule = " ".join(text for text in (finding.instrument, finding.pinpoint) if text)
        touched = [rank for rank in ranks if rank in shown]
        if touched and finding.effect != "duty":
            rows.append([rule, finding_words(finding), ranks_text(touched), finding.reason])
    return rows


def _duties(chosen: Option) -> str:
    """Return in one line which articles ask for something before the first option goes live."""
    return "; ".join(" ".join(text for text in (each.instrument, each.pinpoint) if text) for each in duties_of(chosen))


def _people(plan: Plan, chosen: Option) -> list[str]:
    currency = plan.header.currency
    said = staff_sentences(chosen.people, currency)
    return [*said, *staff_actions(chosen.people, currency)[:_MANY_ACTIONS], *staff_comparison(plan, chosen)]


def _readiness(plan: Plan, chosen: Option | None) -> list[str]:
    if plan.readiness is None:
        return []
    axes = ", ".join(f"{axis.title} {axis_range(axis)}" for axis in plan.readiness.axes)
    conditions = condition_texts(chosen) if chosen else []
    return [f"Scores from 0 to 100, as ranges that evidence narrows: {axes}.", *conditions, *readiness_texts(plan)]


def _risks(plan: Plan, chosen: Option | None) -> list[str]:
    slo = [
        f"That {part.workload} keeps its promise at the peak is {odds_text(part.performance.probability_slo_met)}."
        for part in (chosen.fleet if chosen else ())
        if part.performance is not None and part.performance.probability_slo_met is not None
    ]
    headroom = [
        f"{part.workload} has {percent(part.headroom)} of headroom over the planned peak."
        for part in (chosen.fleet if chosen else ())
        if part.headroom is not None
    ]
    return [*rival_sentences(plan), *slo, *headroom, *plan.warnings, *(chosen.warnings if chosen else ())]


def _assumptions(plan: Plan, chosen: Option | None) -> list[list[str]]:
    """Return what a reader should doubt first: stale values, defaults, then the rest, of the first option if known."""
    own = [item for item in plan.assumptions if chosen is not None and item.id in chosen.assumption_ids]
    stale = [item for item in plan.assumptions if item.stale]
    defaulted = [item for item in plan.assumptions if item.origin is Origin.DEFAULTED and item.value is not None]
    ordered = {item.id: item for item in (*own, *stale, *defaulted)}
    return [
        [
            item.label or item.path,
            assumption_value(item),
            f"{'stale, ' if item.stale else ''}{ORIGIN_WORDS[item.origin]}",
            item.note or item.source_title or item.path,
        ]
        for item in ordered.values()
    ]


def _sources(plan: Plan, chosen: Option | None) -> list[str]:
    """Return each source once, those of the first option before the others."""
    own = [item for item in plan.assumptions if chosen is not None and item.id in chosen.assumption_ids]
    texts = [
        ", ".join(text for text in (item.source_title, item.source_url, item.date) if text)
        for item in (*own, *plan.assumptions)
        if item.source_title or item.source_url
    ]
    return list(dict.fromkeys(texts))


def _chart_pdf(figure: Figure) -> bytes:
    import vl_convert

    from millwright.report.charts import with_theme

    spec = with_theme(figure.chart)
    in_rows = figure.name in _IN_ROWS
    height = round(_ROW_SHRINKS_TO * spec["height"]) if in_rows else _CHART_HEIGHT
    return bytes(vl_convert.vegalite_to_pdf({**spec, "width": _CHART_WIDTH, "height": height}))


def _moment(created: str) -> datetime.datetime:
    """Return the plan's date, so that the same plan gives the same paper; the epoch where it is no date."""
    try:
        moment = datetime.datetime.fromisoformat(created)
    except ValueError:
        return datetime.datetime.fromtimestamp(0, datetime.UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
