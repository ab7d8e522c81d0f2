"""The plan as Markdown, for a wiki or a pull request: the answer, the ranking, the reasons, what was assumed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from millwright.plan.model import Option, Origin, Plan
from millwright.report.format import assumption_value, bare, count
from millwright.report.grouping import findings_by_rule
from millwright.report.leading import leading, ranks_text
from millwright.report.mix_text import PART_HEAD, gap_text, part_rows, proof_texts, purchase_texts
from millwright.report.ranking import odds_label, ranking, rival_sentences
from millwright.report.readiness import axis_range, condition_texts, exit_texts, readiness_texts
from millwright.report.refusals import refusal_groups
from millwright.report.sharing_text import jobs_of_answer, sharing_texts
from millwright.report.sovereign_text import narrowing_text, objective_text, sovereignty_line
from millwright.report.staff_text import GAP_HEAD, gap_row, staff_actions, staff_comparison, staff_sentences
from millwright.report.wording import (
    DECISION_WORDS,
    KIND_WORDS,
    ORIGIN_WORDS,
    STAGE_WORDS,
    VERDICT_WORDS,
    finding_words,
    odds_text,
    rules_text,
)
from millwright.whole_file import write_whole

_FEW_OPTIONS = 12
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def write_markdown(plan: Plan, path: Path) -> None:
    """Write the Markdown view to `path`; the file is either whole or what was there before."""
    write_whole(path, render_markdown(plan).encode("utf-8"))


def render_markdown(plan: Plan) -> str:
    """Return the plan as Markdown. Text from the scenario is escaped: it shows as it is and forms nothing."""
    answer, header = plan.answer, plan.header
    lines = [f"# {_plain(header.scenario_name)}", "", f"**{_plain(answer.sentence)}**", ""]
    if answer.option_id is not None:
        lines += [
            f"{_plain(DECISION_WORDS[answer.decision])}. {odds_label(plan)}: {odds_text(answer.probability)}.",
            "",
        ]
    lines += _items("Rivals", rival_sentences(plan))
    lines += _items("What would turn it", [turn.sentence for turn in answer.turns])
    lines += _items("Do next", answer.next_steps, numbered=True)
    lines += _options(plan)
    lines += _items("Shared machines", sharing_texts(plan))
    lines += _items("Fine-tuning", [job.text for job in jobs_of_answer(plan)])
    lines += _mix(plan)
    for title, duties in (("Law", False), ("To be done before going live", True)):
        lines += _items(
            title,
            [
                f"{finding_words(finding)} (options {ranks_text(ranks)}): "
                f"{' '.join(text for text in (finding.instrument, finding.pinpoint) if text)}. {finding.reason}"
                f"{' (unverified)' if finding.unverified else ''}"
                for finding, ranks in findings_by_rule(plan)
                if (finding.effect == "duty") is duties
            ],
        )
    lines += _items("What the rule base does not hold", plan.not_covered)
    chosen = next((option for option in plan.options if option.id == answer.option_id), None)
    if chosen is not None:
        lines += _sovereignty(chosen)
        lines += _items("What binds", [f"{bind.text} {bind.relief}".strip() for bind in chosen.binds])
        lines += _staff(plan, chosen)
        lines += _items("Mind", [*plan.warnings, *chosen.warnings])
        lines += _items("Leaving it", exit_texts(chosen.exit) if chosen.exit is not None else [])
        lines += _items("Before it goes live", condition_texts(chosen))
    lines += _readiness(plan)
    lines += _items(
        f"{count(len(plan.refused), 'configuration')} refused, by reason",
        [f"{len(group.members)} × {STAGE_WORDS[group.stage]}: {group.summary}" for group in refusal_groups(plan)],
    )
    lines += _assumptions(plan)
    lines += [
        _plain(header.disclaimer),
        "",
        _plain(
            f"Millwright {header.millwright_version}, {header.created}; catalogue {header.catalogue_date}, rules "
            f"{rules_text(header)}, seed {header.seed}, scenario {header.scenario_hash}."
        ),
    ]
    return "\n".join(lines) + "\n"


def _readiness(plan: Plan) -> list[str]:
    if plan.readiness is None:
        return []
    axes = [f"{axis.title}: {axis_range(axis)} of 100" for axis in plan.readiness.axes]
    actions = [f"{each.start} to {each.end}: {each.title} ({each.owner})" for each in plan.readiness.actions]
    return [*_items("Readiness", [*axes, *readiness_texts(plan)]), *_items("To get ready", actions, numbered=True)]


def _staff(plan: Plan, chosen: Option) -> list[str]:
    people, currency = chosen.people, plan.header.currency
    lines = _items("Who runs it", [*staff_sentences(people, currency), *staff_comparison(plan, chosen)])
    lines += _items("Do for it", staff_actions(people, currency), numbered=True)
    if people.gaps:
        lines += ["### Gaps in skill", "", *_table(GAP_HEAD, [gap_row(gap) for gap in people.gaps])]
    return lines


def _sovereignty(chosen: Option) -> list[str]:
    """Return the score with its objectives, and what would have to be carried into a room that is cut off."""
    texts = []
    if chosen.sovereignty is not None:
        texts = [f"Levels 0 to 4: {objective_text(chosen.sovereignty)}.", narrowing_text(chosen.sovereignty)]
    lines = _items("Sovereignty and air gap", [text for text in (sovereignty_line(chosen), *texts) if text])
    if chosen.air_gap is None or chosen.air_gap.feasible != "yes":
        return lines
    needs = [(each.what, each.carried_in, each.how) for each in (*chosen.air_gap.bring_in, *chosen.air_gap.cannot)]
    return [*lines, *_table(("From outside", "Carried in", "How"), needs)]


def _mix(plan: Plan) -> list[str]:
    """Return the mixed fleet part by part, with its proof and what its limits cost; conflicts are next steps."""
    mix = plan.mix
    if mix is None:
        return []
    costs = [cost.sentence for cost in mix.limit_costs]
    said = [mix.sentence, gap_text(mix), *proof_texts(mix), *purchase_texts(mix), *costs, *mix.warnings]
    return [*_items("The mixed fleet", said), *_table(PART_HEAD, part_rows(mix))]


def _options(plan: Plan) -> list[str]:
    rows = ranking(plan, leading(plan, _FEW_OPTIONS))
    if not rows:
        return []
    currency = plan.header.currency
    head = ("#", "Option", "How", f"LCOT, {currency}/Mtok (80 %)", f"To buy, {currency}", f"A month, {currency}")
    cells = [
        (
            row.rank,
            f"{row.title}: {'; '.join(row.fleet)}; {row.where}",
            KIND_WORDS[row.option.kind],
            f"{row.lcot.value} ({row.lcot.interval})" if row.lcot.interval else row.lcot.value,
            bare(row.capex, currency),
            bare(row.opex, currency),
            "; ".join(
                [
                    *(f"{cell.label} {cell.shown.value} {cell.shown.unit} of {cell.limit}" for cell in row.latencies),
                    *([f"kept with {row.kept}"] if row.kept else []),
                ]
            ),
            VERDICT_WORDS[row.verdict],
            row.sovereignty,
            row.odds,
        )
        for row in rows
    ]
    rest = len(plan.options) - len(rows)
    more = [f"{count(rest, 'more option')} in the plan.", ""] if rest else []
    return [
        "## The options, best first",
        "",
        *_table((*head, "Latency at the peak", "Law", "Sovereignty, of 100", "Odds"), cells),
        *more,
    ]


def _assumptions(plan: Plan) -> list[str]:
    chosen = [item for item in plan.assumptions if item.origin is Origin.DEFAULTED or item.stale]
    if not chosen:
        return []
    cells = [
        (
            item.label or item.path,
            assumption_value(item),
            f"{'stale, ' if item.stale else ''}{ORIGIN_WORDS[item.origin]}",
            ", ".join(text for text in (item.source_title or item.path, item.date) if text),
        )
        for item in chosen
    ]
    return ["## Assumed by default, or stale", "", *_table(("What", "Value", "Origin", "Source"), cells)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *([_plain(cell) for cell in row] for row in rows)]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def _items(title: str, items: Sequence[str], *, numbered: bool = False) -> list[str]:
    if not items:
        return []
    marks = (f"{number}." if numbered else "-" for number in range(1, len(items) + 1))
    return [f"## {title}", "", *(f"{mark} {_plain(item)}" for mark, item in zip(marks, items, strict=True)), ""]


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
