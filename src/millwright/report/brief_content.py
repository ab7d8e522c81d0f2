"""What the paper says: every text of `brief.pdf` as plain strings, cut to the room there is.

A board reads four to six pages. So each section has a number of rows it may take, and all of them shrink together
until the paper fits; what is left out is counted, and stands in report.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from millwright.plan.model import Option, Plan, Verdict
from millwright.report.brief_doubts import assumption_rows, binding_texts, refused_rows, risk_texts, source_texts
from millwright.report.brief_room import Room
from millwright.report.figures import Figure
from millwright.report.format import bare, count, estimate_text, number_text, percent
from millwright.report.grouping import duties_cited, findings_by_rule
from millwright.report.leading import leading, ranks_text
from millwright.report.mix_text import gap_text, limits_text, proof_texts, purchase_texts
from millwright.report.ranking import latency_cells, limit_label, odds_label, ranking
from millwright.report.readiness import NOT_KNOWN, axis_range, condition_texts, exit_texts, readiness_texts
from millwright.report.refusals import refusal_groups
from millwright.report.sharing_text import jobs_of_answer, sharing_texts
from millwright.report.sovereign_text import sovereignty_line
from millwright.report.staff_text import staff_actions, staff_comparison, staff_in_brief, staff_sentences
from millwright.report.wording import (
    BASIS_WORDS,
    DECISION_WORDS,
    FORMULAS,
    KIND_WORDS,
    VERDICT_MARKS,
    VERDICT_WORDS,
    finding_words,
    odds_text,
    rules_text,
)


def brief_content(plan: Plan, drawn: tuple[Figure, ...] = (), room: Room | None = None) -> dict[str, Any]:
    """Return all texts of the paper, ready to be set: lists of paragraphs and tables of cells."""
    room = room or Room()
    header, answer = plan.header, plan.answer
    chosen = next((option for option in plan.options if option.id == answer.option_id), None)
    shown = leading(plan, room.of(room.options, 4))
    law, met = _law(plan, shown)
    assumed, sources = assumption_rows(plan, chosen), source_texts(plan, chosen)
    groups, conflict = refusal_groups(plan), _conflict(plan)
    risks, shared = risk_texts(plan, chosen), sharing_texts(plan)
    actions = plan.readiness.actions if plan.readiness else ()
    more_actions = plan.readiness.more_actions if plan.readiness else 0
    rules, few = room.of(room.rules), room.of(room.actions, 3)
    return {
        "title": header.scenario_name,
        "organisation": header.organisation,
        "date": header.created.split("T")[0],
        "decision": DECISION_WORDS[answer.decision],
        "answer": answer.sentence,
        "odds_label": odds_label(plan),
        "odds": odds_text(answer.probability) if chosen else "",
        "question": _question(plan),
        "conflict": conflict,
        "turns": [turn.sentence for turn in answer.turns],
        "next_steps": [step for step in answer.next_steps if step not in conflict],
        "key_figures": _key_figures(plan, chosen) if chosen else [],
        "options": _options(plan, shown),
        "mix": _mix(plan),
        "purchases": _purchases(plan),
        "sharing": shared[: room.of(room.shared, 1)],
        "more_sharing": max(0, len(shared) - room.of(room.shared, 1)),
        "jobs": [job.text for job in jobs_of_answer(plan)],
        "more_options": len(plan.options) - len(shown),
        "currency": header.currency,
        "figures": {
            "ranking": _charts(drawn, "ranking", 1),
            "money": _charts(drawn, "money", room.of(room.money_charts, 1)),
            "latency": _charts(drawn, "latency", room.of(room.latency_charts, 1)),
        },
        "causes": _causes(plan, chosen) if chosen else [],
        "break_even": [f"Against {broken.against_title}: {broken.sentence}" for broken in chosen.cost.break_even]
        if chosen
        else [],
        "law": law[:rules],
        "duties": "; ".join(duties_cited(chosen)) if chosen else "",
        "more_law": max(0, len(law) - rules),
        "met": met,
        "not_covered": list(plan.not_covered),
        "people": _people(plan, chosen, room) if chosen else [],
        "leaving": _leaving(chosen, room) if chosen else [],
        "readiness": _readiness(plan, chosen, room),
        "to_get_ready": [[each.start, each.end, each.title, each.owner] for each in actions[:few]],
        "more_to_get_ready": max(0, len(actions) - few) + more_actions,
        "binds": binding_texts(chosen.binds) if chosen else [],
        "risks": risks[: room.of(room.risks, 4)],
        "refused": refused_rows(plan, room),
        "refused_count": count(len(plan.refused), "configuration"),
        "refused_reasons": count(len(groups), "reason"),
        "assumptions": assumed[: room.of(room.assumptions, 4)],
        "assumption_count": count(len(plan.assumptions), "value"),
        "sources": sources[: room.of(room.sources, 4)],
        "more_sources": max(0, len(sources) - room.of(room.sources, 4)),
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
            f"{workload.name}: {workload.model}.",
            f"{number_text(workload.rate_mean_per_s, 'requests/s')} on average, "
            f"{number_text(workload.rate_peak_per_s, 'requests/s')} at the planned peak; "
            f"{number_text(workload.input_length.mean_tokens)} tokens in and "
            f"{number_text(workload.output_length.mean_tokens)} out on average; "
            f"{number_text(workload.input_tokens_per_month + workload.output_tokens_per_month, 'tokens')} a month"
            f"{f', growing {percent(workload.growth_per_year)} a year' if workload.growth_per_year else ''}.",
            f"Promise: {limits}." if limits else "",
            f"Data: {', '.join(workload.data_classes)}." if workload.data_classes else "",
            f"Residency: {', '.join(workload.residency)}." if workload.residency else "",
        ]
        texts.append(" ".join(part for part in parts if part))
    return texts


def _conflict(plan: Plan) -> list[str]:
    conflict = plan.answer.conflict
    return [] if conflict is None else [conflict.sentence, *(way.sentence for way in conflict.ways_out)]


def _key_figures(plan: Plan, chosen: Option) -> list[list[str]]:
    cells = latency_cells(plan, chosen)
    return [
        ["A million tokens (LCOT)", estimate_text(chosen.cost.lcot)],
        ["To buy", estimate_text(chosen.cost.capex)],
        ["Running it, a month", estimate_text(chosen.cost.opex_per_month)],
        *([f"{cell.label}, limit {cell.limit}", str(cell.shown)] for cell in cells),
        ["Law", VERDICT_WORDS[chosen.law.verdict]],
        *([["Sovereignty", line]] if (line := sovereignty_line(chosen).removeprefix("Sovereignty ")) else []),
        ["The LCOT", BASIS_WORDS[chosen.cost.lcot.basis]],
    ]


def _options(plan: Plan, shown: Sequence[Option]) -> list[dict[str, Any]]:
    currency = plan.header.currency
    return [
        {
            "rank": row.rank,
            "title": row.title,
            "detail": f"{KIND_WORDS[row.option.kind]}; {row.where}",
            "lcot": row.lcot.value,
            "interval": row.lcot.interval,
            "capex": "–" if row.option.cost.capex.value == 0 else bare(row.capex, currency),
            "opex": bare(row.opex, currency),
            "latency": [f"{cell.label} {cell.shown.value} {cell.shown.unit}" for cell in row.latencies] or ["–"],
            "law": VERDICT_MARKS[row.verdict],
            "odds": row.odds,
        }
        for row in ranking(plan, shown)
    ]


def _mix(plan: Plan) -> str:
    """Return the mixed fleet as one paragraph: its worth, the proof, what limits cost; empty where there is none."""
    if plan.mix is None:
        return ""
    limits = limits_text(plan.mix, plan.header.currency)
    costs = [f"Limits cost: {limits}."] if limits else []
    return " ".join([plan.mix.sentence, gap_text(plan.mix), *proof_texts(plan.mix), *costs])


def _purchases(plan: Plan) -> list[str]:
    """Return what to buy when, where the mixed fleet is the answer."""
    if plan.mix is None or plan.mix.option_id is None or plan.mix.option_id != plan.answer.option_id:
        return []
    return list(purchase_texts(plan.mix))


def _charts(drawn: tuple[Figure, ...], section: str, few: int) -> list[dict[str, str]]:
    """Return the first charts of a section; that of costs by cause goes first where there is less room."""
    wanted = [figure for figure in drawn if figure.section == section][:few]
    return [{"file": f"{figure.name}.pdf", "caption": figure.caption, "alt": figure.alt} for figure in wanted]


def _causes(plan: Plan, chosen: Option) -> list[list[str]]:
    currency = plan.header.currency
    return [
        [cause.label, number_text(cause.per_month, f"{currency}/month"), number_text(cause.lcot, f"{currency}/Mtok")]
        for cause in chosen.cost.by_cause
    ]


def _law(plan: Plan, options: Sequence[Option]) -> tuple[list[list[str]], str]:
    """Return what the rules ask or forbid of the options in the table, the gravest first, and the rules that all meet.

    report.html has every rule with its reason.
    """
    shown = {option.rank for option in options}
    rows, met = [], []
    for finding, ranks in findings_by_rule(plan):
        rule = " ".join(text for text in (finding.instrument, finding.pinpoint) if text)
        touched = [rank for rank in ranks if rank in shown]
        if not touched or finding.effect == "duty":
            continue
        if finding.verdict is Verdict.YES:
            met.append(rule)
        else:
            reason = finding.reason.removeprefix(f"{rule}: ")
            rows.append([rule, finding_words(finding), ranks_text(touched), reason])
    still_open = {row[0] for row in rows}
    return rows, "; ".join(rule for rule in dict.fromkeys(met) if rule not in still_open)


def _people(plan: Plan, chosen: Option, room: Room) -> list[str]:
    """Return who runs it: all where there is room, else the sums, what takes longest, and what turns on it."""
    currency, people = plan.header.currency, chosen.people
    compared = list(staff_comparison(plan, chosen))
    if not people.assessed:
        return [*staff_sentences(people, currency), *compared]
    steps = staff_actions(people, currency)
    few = room.of(room.steps)
    left = [f"{count(len(steps) - few, 'step')} more: report.html."] if len(steps) > few else []
    said = staff_sentences(people, currency) if room.share >= 1.0 else staff_in_brief(people, currency)
    return [*said[: room.people], *steps[:few], *left, *compared[:3]]


def _leaving(chosen: Option, room: Room) -> list[str]:
    """Return what leaving takes: with every cause where there is room."""
    if chosen.exit is None:
        return []
    texts = exit_texts(chosen.exit)
    return texts if room.share >= 1.0 else [texts[0], *(text for text in texts[1:] if text.startswith(NOT_KNOWN))]


def _readiness(plan: Plan, chosen: Option | None, room: Room) -> list[str]:
    if plan.readiness is None:
        return []
    axes = ", ".join(f"{axis.title} {axis_range(axis)}" for axis in plan.readiness.axes)
    conditions = condition_texts(chosen) if chosen else []
    few = room.of(room.steps)
    left = [f"{count(len(conditions) - few, 'condition')} more: report.html."] if len(conditions) > few else []
    scores = f"Scores from 0 to 100, as ranges that evidence narrows: {axes}."
    return [scores, *conditions[:few], *left, *readiness_texts(plan)]
