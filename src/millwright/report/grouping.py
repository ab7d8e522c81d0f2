"""What several options share, said once: a rule's finding, a binding limit, what was spent by a month."""

from __future__ import annotations

from millwright.plan.model import Binding, LawFinding, Option, Plan, Verdict
from millwright.report.format import Shown, shown_number
from millwright.report.leading import leading

_WORST_FIRST = (Verdict.NO, Verdict.UNKNOWN, Verdict.YES)


def findings_by_rule(plan: Plan) -> tuple[tuple[LawFinding, tuple[int, ...]], ...]:
    """Return each distinct finding with the ranks of its options: what binds, then risks, then duties; worst first."""
    ranks: dict[LawFinding, list[int]] = {}
    for option in plan.options:
        for finding in option.law.findings:
            ranks.setdefault(finding, []).append(option.rank)
    found = sorted(ranks.items(), key=lambda item: _gravity(item[0]))
    return tuple((finding, tuple(dict.fromkeys(numbers))) for finding, numbers in found)


def duties_of(option: Option) -> tuple[LawFinding, ...]:
    """Return what the law asks to be done before the option goes live and is not known to be done."""
    return tuple(
        finding for finding in option.law.findings if finding.effect == "duty" and finding.verdict is not Verdict.YES
    )


def duties_cited(option: Option) -> tuple[str, ...]:
    """Return the instruments of these duties with their pinpoints, each instrument named once; unread ones marked."""
    cited: dict[tuple[str, bool], list[str]] = {}
    for duty in duties_of(option):
        cited.setdefault((duty.instrument, duty.unverified), []).append(duty.pinpoint)
    return tuple(
        " ".join([name, ", ".join(dict.fromkeys(filter(None, pins)))]).strip() + (" (unverified)" if unread else "")
        for (name, unread), pins in cited.items()
    )


def _gravity(finding: LawFinding) -> tuple[int, int, str]:
    return {"warn": 1, "duty": 2}.get(finding.effect, 0), _WORST_FIRST.index(finding.verdict), finding.rule_id


def bindings_by_limit(plan: Plan) -> tuple[tuple[Binding, tuple[int, ...]], ...]:
    """Return each distinct binding limit with the ranks of its options, in the order of the ranking."""
    ranks: dict[Binding, list[int]] = {}
    for option in plan.options:
        for binding in option.binds:
            ranks.setdefault(binding, []).append(option.rank)
    return tuple((binding, tuple(numbers)) for binding, numbers in ranks.items())


def spent_by_year(plan: Plan, few: int) -> tuple[tuple[int, ...], tuple[tuple[Option, tuple[Shown, ...]], ...]]:
    """Return the months at which a year or the horizon ends; and for leading options the money spent by then."""
    options = leading(plan, few, [option for option in plan.options if option.cost.cash_flow])
    last = max((month.month for option in options for month in option.cost.cash_flow), default=0)
    months = tuple(dict.fromkeys((*range(0, last, 12), last))) if last else ()
    rows = []
    for option in options:
        flow = {month.month: month for month in option.cost.cash_flow}
        cells = [
            shown_number(
                flow[month].cumulative, plan.header.currency, flow[month].cumulative_low, flow[month].cumulative_high
            )
            if month in flow
            else shown_number(None, "")
            for month in months
        ]
        rows.append((option, tuple(cells)))
    return months, tuple(rows)
