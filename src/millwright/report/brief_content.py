"""What the paper says: every text of `brief.pdf` as plain strings, cut to the room there is.

A board reads four to six pages. So each section has a number of rows it may take, and all of them shrink together
until the paper fits; what is left out is counted, and stands in report.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from millwright.plan.model import Binding, Option, Origin, Plan, RefusedOption, Stage, Verdict
from millwright.report.figures import Figure
from millwright.report.format import assumption_value, bare, count, estimate_text, number_text, percent, shortened
from millwright.report.grouping import duties_cited, findings_by_rule
from millwright.report.leading import leading, ranks_text
from millwright.report.mix_text import gap_text, limits_text, proof_texts, purchase_text
from millwright.report.ranking import latency_cells, limit_label, ranking, rival_sentences
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
    ORIGIN_WORDS,
    STAGE_WORDS,
    VERDICT_MARKS,
    VERDICT_WORDS,
    finding_words,
    odds_text,
    rules_text,
)

_LONG_NOTE = 110
_MUCH_USED = 0.5
"""From this share in use on, a limit is told for itself."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much of the longest paper there is room for: 1 for all that a board may want to read, less where it is long.

    The numbers are rows, sentences or charts of a section at `share` 1.
    """

    share: float = 1.0
    options: int = 8
    shared: int = 5
    money_charts: int = 3
    latency_charts: int = 4
    rules: int = 7
    people: int = 9
    steps: int = 6
    actions: int = 8
    risks: int = 9
    refused: int = 8
    refused_examples: int = 10
    assumptions: int = 16
    sources: int = 12

    def of(self, most: int, least: int = 2) -> int:
        """Return how many of `most` there is room for, at least `least`."""
        return max(least, round(self.share * most))


def brief_content(plan: Plan, drawn: tuple[Figure, ...] = (), room: Room | None = None) -> dict[str, Any]:
    """Return all texts of the paper, ready to be set: lists of paragraphs and tables of cells."""
    room = room or Room()
    header, answer = plan.header, plan.answer
    chosen = next((option for option in plan.options if option.id == answer.option_id), None)
    shown = leading(plan, room.of(room.options, 4))
    law, met = _law(plan, shown)
    assumed, sources = _assumptions(plan, chosen), _sources(plan, chosen)
    groups, conflict = refusal_groups(plan), _conflict(plan)
    risks, shared = _risks(plan, chosen), sharing_texts(plan)
    actions = plan.readiness.actions if plan.readiness else ()
    more_actions = plan.readiness.more_actions if plan.readiness else 0
    rules, few = room.of(room.rules), room.of(room.actions, 3)
    return {
        "title": header.scenario_name,
        "organisation": header.organisation,
        "date": header.created.split("T")[0],
        "decision": DECISION_WORDS[answer.decision],
        "answer": answer.sentence,
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
        "binds": _binds(chosen.binds) if chosen else [],
        "risks": risks[: room.of(room.risks, 4)],
        "refused": _refused(plan, room),
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
        ["LCOT", estimate_text(chosen.cost.lcot)],
        ["To buy", estimate_text(chosen.cost.capex)],
        ["Running", estimate_text(chosen.cost.opex_per_month)],
        *([f"{cell.label}, limit {cell.limit}", str(cell.shown)] for cell in cells),
        ["Law", VERDICT_WORDS[chosen.law.verdict]],
        *([["Sovereignty", line]] if (line := sovereignty_line(chosen).removeprefix("Sovereignty ")) else []),
        ["LCOT is", BASIS_WORDS[chosen.cost.lcot.basis]],
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
    return [purchase_text(each) for each in plan.mix.purchases]


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


def _binds(binds: Sequence[Binding]) -> list[str]:
    """Return what binds, each limit once where it binds most; limits that are hardly used stand in one line."""
    most: dict[tuple[str, str], Binding] = {}
    for bind in binds:
        place = bind.text.partition(":")[0] if bind.used_share is not None else ""
        known = most.get((bind.limit, place))
        if known is None or (bind.used_share or 0.0) > (known.used_share or 0.0):
            most[bind.limit, place] = bind
    tight = [each for each in most.values() if each.used_share is None or each.used_share >= _MUCH_USED]
    loose = [each.text.rstrip(".") for each in most.values() if each not in tight]
    spare = [f"Room to spare: {'; '.join(loose)}."] if loose else []
    return [*(f"{bind.text} {bind.relief}".strip() for bind in tight), *spare]


def _risks(plan: Plan, chosen: Option | None) -> list[str]:
    """Return what may go wrong; of several parts that serve a workload the one that is least sure speaks for all."""
    kept: dict[str, float] = {}
    spare: dict[str, float] = {}
    for part in chosen.fleet if chosen else ():
        if part.performance is not None and (sure := part.performance.probability_slo_met) is not None:
            kept[part.workload] = min(sure, kept.get(part.workload, sure))
        if part.headroom is not None:
            spare[part.workload] = min(part.headroom, spare.get(part.workload, part.headroom))
    slo = [f"That {name} keeps its promise at the peak is {odds_text(sure)}." for name, sure in kept.items()]
    headroom = [f"{name} has {percent(share)} of headroom over the planned peak." for name, share in spare.items()]
    warnings = (*plan.warnings, *(chosen.warnings if chosen else ()))
    found = [*rival_sentences(plan), *slo, *headroom, *(warning.replace("`", "") for warning in warnings)]
    return list(dict.fromkeys(found))


def _refused(plan: Plan, room: Room) -> list[list[str]]:
    """Return the reasons with how many they keep out; where nothing is feasible, with each one's own figures."""
    groups = refusal_groups(plan)
    if plan.options:
        return [
            [str(len(group.members)), STAGE_WORDS[group.stage], group.summary]
            for group in groups[: room.of(room.refused, 3)]
        ]
    nearest = sorted(groups, key=lambda group: (group.stage is Stage.CATALOGUE, -len(group.members)))
    few = room.of(room.refused_examples)
    return [
        [
            str(len(group.members)) if number == 0 else "",
            STAGE_WORDS[group.stage] if number == 0 else "",
            f"{_named(refused)}: {reason.text}",
        ]
        for group in nearest
        for number, (refused, reason) in enumerate(group.members[: 1 if group.stage is Stage.CATALOGUE else few])
    ]


def _named(refused: RefusedOption) -> str:
    return f"{refused.title} ({refused.site})" if refused.site and refused.site not in refused.title else refused.title


def _assumptions(plan: Plan, chosen: Option | None) -> list[list[str]]:
    """Return what a reader should doubt first: what the scenario leaves unsaid; then what the first option rests on
    that is stale, then claimed or estimated; then what else is stale; then the rest of the first option.
    """
    known = [item for item in plan.assumptions if item.value is not None]
    own = [item for item in known if chosen is None or item.id in chosen.assumption_ids]
    doubtful = (
        *(item for item in known if item.origin is Origin.DEFAULTED),
        *(item for item in own if item.stale),
        *(item for item in own if item.quality == "C"),
        *(item for item in known if item.stale),
        *own,
    )
    ordered = {item.id: item for item in doubtful}
    return [
        [
            item.label or item.path,
            assumption_value(item),
            f"{'stale, ' if item.stale else ''}{ORIGIN_WORDS[item.origin]}",
            shortened(item.note or item.source_title or item.path, _LONG_NOTE),
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
