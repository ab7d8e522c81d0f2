"""The parts of the plan page, each from the plan alone to HTML. The numbers and words are those of the report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from millwright.plan.model import LawFinding, Option, Plan
from millwright.report import wording
from millwright.report.format import number_text, shown_estimate
from millwright.report.grouping import bindings_by_limit, findings_by_rule
from millwright.report.leading import leading
from millwright.report.mix_text import proof_texts, supplies_by_site
from millwright.report.ranking import RankingRow, latency_cells, odds_label, ranking, rival_sentences
from millwright.report.readiness import axis_range, condition_texts, exit_texts, readiness_texts
from millwright.report.refusals import refusal_groups
from millwright.report.sharing_text import jobs_of_answer, sharing_texts
from millwright.report.staff_text import staff_actions, staff_sentences
from millwright.web.page.render import render
from millwright.web.page.strings import t

FEW_CARDS = 6


def chosen_option(plan: Plan) -> Option | None:
    """Return the option that the answer names."""
    return next((option for option in plan.options if option.id == plan.answer.option_id), None)


def answer(plan: Plan, before: Plan | None = None) -> str:
    """Return the answer; `before` is the plan it is a change of."""
    chosen = chosen_option(plan)
    conflict = plan.answer.conflict
    said = () if conflict is None else (conflict.sentence, *(way.sentence for way in conflict.ways_out))
    return render(
        "answer",
        plan=plan,
        steps=[step for step in plan.answer.next_steps if step not in said],
        chosen=chosen,
        before=None if before is None or chosen is None else chosen_option(before),
        changed=before is not None,
        latencies=() if chosen is None else latency_cells(plan, chosen),
        rivals=rival_sentences(plan),
        odds_label=odds_label(plan),
        jobs=[job.text for job in jobs_of_answer(plan)],
        sharing=sharing_texts(plan)[:1],
    )


def options(plan: Plan, before: Plan | None = None, compared: Sequence[str] = ()) -> str:
    """Return the leading options as cards and all of them as a table."""
    known = {} if before is None else {each.id: _bare_lcot(each) for each in before.options}
    return render(
        "options",
        plan=plan,
        cards=_rows(plan, leading(plan, FEW_CARDS)),
        rows=_rows(plan, plan.options),
        before_lcot=known,
        compared=compared,
    )


def compare(plan: Plan, ids: Sequence[str]) -> str:
    """Return the chosen options side by side."""
    chosen = [option for option in plan.options if option.id in ids]
    return render("compare", plan=plan, rows=_rows(plan, chosen))


def mix(plan: Plan, before: Plan | None = None) -> str:
    """Return the mixed fleet: where and when it serves, its worth, its proof, what limits cost, what to buy when."""
    if plan.mix is None:
        known = before is not None and before.mix is not None
        return f'<h2 id="mix-title">{t("mix_title")}</h2><p class="quiet">{t("mix_later")}</p>' if known else ""
    rank = next((option.rank for option in plan.options if option.id == plan.mix.option_id), None)
    return render("mix", mix=plan.mix, rank=rank, sites=supplies_by_site(plan.mix), proofs=proof_texts(plan.mix))


def trade(names: Sequence[str], chosen: str) -> str:
    """Return the title of the chart that trades one measure for another, and the choice of the two."""
    pairs = [(name, *(t(f"measure_{each}") for each in name.split()[1:])) for name in names]
    return render("trade", pairs=pairs, chosen=chosen)


def demand(plan: Plan) -> str:
    """Return the demand slider with what leading options cost at its place."""
    found = [option for option in leading(plan, 4) if len(option.cost.demand_curve) > 1]
    curves = [
        (
            option,
            json.dumps([[point.demand_multiple, point.lcot] for point in option.cost.demand_curve]),
            number_text(option.cost.lcot.value),
        )
        for option in found
    ]
    return render("demand", plan=plan, curves=curves) if curves else ""


def law(plan: Plan, option: Option | None) -> str:
    """Return what the rules say of an option, each with its proof."""
    order = {finding: number for number, (finding, _) in enumerate(findings_by_rule(plan))}
    findings: list[LawFinding] = [] if option is None else sorted(option.law.findings, key=order.__getitem__)
    return render("law", option=option, findings=findings)


def binds(plan: Plan) -> str:
    """Return which limits shape the options, and what moving them would give."""
    shown = plan.model_copy(update={"options": leading(plan, FEW_CARDS)})
    return render("binds", binds=bindings_by_limit(shown))


def rest(plan: Plan) -> str:
    """Return people, refusals, assumptions, and how the plan was made."""
    header = plan.header
    order = list(wording.ORIGIN_WORDS)
    return render(
        "rest",
        plan=plan,
        chosen=chosen_option(plan),
        more_people=_ready(plan, chosen_option(plan)),
        groups=refusal_groups(plan),
        assumptions=sorted(plan.assumptions, key=lambda one: (not one.stale, order.index(one.origin))),
        made=(
            ("Millwright", header.millwright_version),
            (t("made"), header.created),
            (t("nav_catalogue"), header.catalogue_date),
            (t("law_title"), wording.rules_text(header)),
            (t("form_horizon"), f"{header.horizon_months} months"),
            (t("discount"), f"{100 * header.discount_rate_per_year:.3g} %"),
            (t("sim_seed"), str(header.seed)),
        ),
    )


def _ready(plan: Plan, chosen: Option | None) -> list[tuple[str, list[str]]]:
    """Return, each with its title, what is to be said of readiness and of leaving the option advised."""
    ready = plan.readiness
    found: list[tuple[str, list[str]]] = []
    if chosen is not None and chosen.people.assessed:
        currency = plan.header.currency
        found.append((t("people_team"), list(staff_sentences(chosen.people, currency))))
        found.append((t("people_actions"), list(staff_actions(chosen.people, currency))))
    if ready is not None:
        axes = [f"{axis.title}: {axis_range(axis)}" for axis in ready.axes]
        found.append((t("readiness"), [*axes, *readiness_texts(plan)]))
        actions = [f"{each.start} – {each.end}: {each.title} ({each.owner})" for each in ready.actions]
        found.append((t("to_get_ready"), actions))
    if chosen is not None:
        found.append((t("before_live"), condition_texts(chosen)))
        found.append((t("leaving"), exit_texts(chosen.exit) if chosen.exit is not None else []))
    return [(title, lines) for title, lines in found if lines]


def formulas(plan: Plan) -> str:
    """Return what opens behind the numbers: how each is reckoned."""
    return render(
        "formulas", formulas=_FORMULAS, options=leading(plan, FEW_CARDS), lcot_formula=dict(wording.FORMULAS)["LCOT"]
    )


_FORMULAS: tuple[tuple[str, str, str], ...] = (
    ("lcot", t("lcot"), dict(wording.FORMULAS)["LCOT"]),
    ("odds", t("odds"), dict(wording.FORMULAS)["Odds"]),
    ("headroom", t("headroom"), dict(wording.FORMULAS)["Headroom"]),
    ("capex", t("capex"), "Σ machines bought at the start × price of one, those that are there already left out."),
    (
        "opex", t("opex"),
        "(Σ over the months of all payments but buying and selling machines) ÷ months: energy, space, support, rent, "
        "tokens, staff.",
    ),
    (
        "latency", t("latency"),
        "The percentile of the simulated requests at the planned peak: step times from the device's operators, a "
        "queue as the engine keeps it. TTFT: arrival to first token. TPOT: (E2E − TTFT) ÷ (output tokens − 1). The "
        "interval is that of the step times.",
    ),
    (
        "power", t("power"),
        "Machines × (idle power + (peak − idle) × mean use) × PUE: at the plug, cooling included.",
    ),
    ("carbon", t("carbon"), "Energy × carbon of the grid ÷ million tokens served."),
    (
        "people", t("people_fte"),
        "Full-time equivalents that the way of serving takes, at least the on-call rota's share.",
    ),
)  # fmt: skip


def _rows(plan: Plan, chosen: Sequence[Option]) -> list[dict[str, Any]]:
    return [_row(row) for row in ranking(plan, chosen)]


def _row(row: RankingRow) -> dict[str, Any]:
    names = ("option", "rank", "title", "kind", "where", "fleet", "latencies", "headroom")
    found = {name: getattr(row, name) for name in names}
    return {**found, "lcot_shown": shown_estimate(row.option.cost.lcot)}


def _bare_lcot(option: Option) -> str:
    return number_text(option.cost.lcot.value, option.cost.lcot.unit)
