"""Readiness joined to the plan: what the answers rule out or make conditional, and what leaving each option takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from millwright.plan.base_model import EstimateValue
from millwright.plan.costing import Inputs, OwnedTerms
from millwright.plan.draft import Draft
from millwright.plan.model import Cost, Kind, RefusalReason, RefusedOption, Stage
from millwright.plan.priced import PricedOption, PricedPart
from millwright.plan.ready_model import AxisReadiness, Condition, Exit, ExitCause, Readiness, ReadinessAction
from millwright.plan.refusals import refusal
from millwright.plan.terms import Pricing
from millwright.readiness.answers_file import read_answers
from millwright.readiness.assessment import Assessment, Means, Range, narrowing
from millwright.readiness.gates import GateFinding, Needs, gate_findings
from millwright.readiness.leaving import ExitEstimate, Leaving, exit_estimate
from millwright.readiness.roadmap import make_roadmap
from millwright.scenario.load import LoadedScenario
from millwright.scenario.model import ApiSite, CloudSite, Commitment, OnCall, Scenario

SHOWN_ACTIONS = 8
SHOWN_QUESTIONS = 5
HOURS_PER_FTE_YEAR = 1620.0
"""Hours of work of one engineer in a year, after leave and illness; a judgement that `people` shares."""

TERM_MONTHS = {Commitment.RESERVED_1Y: 12.0, Commitment.RESERVED_3Y: 36.0}
TEXT_BYTES_PER_TOKEN = 4.0
KEPT_MONTHS = 12.0
"""A year of prompts and answers is taken to be kept, and to be carried when leaving; an assumption."""


def assessment_of(loaded: LoadedScenario) -> Assessment | None:
    """Return the answers that the scenario names, in its currency and for its size; None where it names none.

    Raises ScenarioError with every fault of the answers file.
    """
    if loaded.readiness_text is None:
        return None
    organisation = loaded.scenario.organisation
    file = str(loaded.path.parent / str(loaded.scenario.readiness))
    assessment = read_answers(loaded.readiness_text, file)
    means = assessment.means
    rate = float(loaded.catalog.usd_per(means.currency)) / float(loaded.catalog.usd_per(organisation.currency))
    budget = None if means.budget_per_quarter is None else means.budget_per_quarter * rate
    employees = organisation.employees if means.employees is None else means.employees
    return replace(assessment, means=Means(employees, organisation.currency, means.hours_per_month, budget))


def ready_drafts(
    found: Sequence[Draft], assessment: Assessment | None, scenario: Scenario, refused: list[RefusedOption]
) -> list[Draft]:
    """Return the drafts that no answer rules out; the others are added to `refused` with what is missing."""
    if assessment is None:
        return list(found)
    kept = []
    for draft in found:
        classes = frozenset(str(each) for each in draft.asked.workload.data.classes)
        needs = Needs(frozenset({str(draft.kind)}), classes, _always(scenario))
        blocking = [each for each in gate_findings(assessment, needs) if each.blocks]
        if blocking:
            refused.append(refusal(draft, [_reason(each) for each in blocking]))
        else:
            kept.append(draft)
    return kept


def _reason(finding: GateFinding) -> RefusalReason:
    text = f"{finding.gate.why} Needed: {finding.remedy} (question {finding.gate.question})"
    return RefusalReason(stage=Stage.READINESS, summary=finding.gate.why.rstrip("."), text=text)


def _always(scenario: Scenario) -> bool:
    return scenario.finance.staff.on_call is OnCall.ALWAYS


def conditions_of(option: PricedOption, assessment: Assessment | None, scenario: Scenario) -> tuple[Condition, ...]:
    """Return what an option still asks of the organisation, by the answers."""
    if assessment is None:
        return ()
    kinds = frozenset(str(part.draft.kind) for part in option.parts)
    return tuple(
        Condition(
            id=each.gate.id,
            effect="block" if each.blocks else "qualify",
            state="unknown" if each.state == "unknown" else "not passed",
            question=each.gate.question,
            why=each.gate.why,
            needed=each.remedy,
        )
        for each in gate_findings(assessment, Needs(kinds, _classes(scenario), _always(scenario)))
    )


def _classes(scenario: Scenario) -> frozenset[str]:
    return frozenset(str(each) for workload in scenario.workloads for each in workload.data.classes)


def published_readiness(
    assessment: Assessment | None, best: PricedOption | None, pricing: Pricing, today: dt.date
) -> Readiness | None:
    """Return the assessment with its most urgent actions from `today`, for the option that the plan advises.

    Where there is none (`best`), for all kinds of sites that the scenario looks at.
    """
    if assessment is None:
        return None
    scenario, code = pricing.scenario, pricing.currency.code
    kinds = [site.kind for site in scenario.sites] if best is None else [part.draft.kind for part in best.parts]
    needs = Needs(frozenset(map(str, kinds)), _classes(scenario), _always(scenario))
    notes: list[str] = []
    try:
        roadmap = make_roadmap(assessment, needs, today, pricing.currency.per_usd)
    except ValueError as error:
        notes.append(f"No dates: {error}.")
        roadmap = make_roadmap(
            replace(assessment, means=replace(assessment.means, hours_per_month=None)),
            needs,
            today,
            pricing.currency.per_usd,
        )
    if roadmap.hours_assumed:
        notes.append(f"Dated with {roadmap.hours_per_month:g} own hours a month, which is assumed.")
    if roadmap.unknown:
        notes.append(f"{roadmap.unknown} questions have no answer: what they would ask for is not counted.")
    actions = sorted(roadmap.actions, key=lambda each: (each.slot.start_week, not each.gates, each.slot.end_week))
    return Readiness(
        axes=tuple(
            AxisReadiness(
                axis=each.axis,
                title=each.title,
                low=each.score.low,
                high=each.score.high,
                questions=each.questions,
                answered=each.answered,
                proven=each.proven,
            )
            for each in roadmap.before
        ),
        actions=tuple(
            ReadinessAction(
                id=each.action.id,
                title=each.action.title,
                does=each.action.does,
                owner=each.action.owner,
                start=each.start.isoformat(),
                end=each.end.isoformat(),
                hours=_span(each.action.hours, "h"),
                cost=_span(each.cost, code),
                cost_per_month=_span(each.monthly, f"{code}/month"),
                critical=each.slot.critical,
                conditions=tuple(gate.id for gate in each.gates),
            )
            for each in actions[:SHOWN_ACTIONS]
        ),
        more_actions=max(0, len(actions) - SHOWN_ACTIONS),
        conditions_met=None if roadmap.conditions_met is None else roadmap.conditions_met.isoformat(),
        until=None if roadmap.until is None else roadmap.until.isoformat(),
        cost=_span(roadmap.cost, code),
        cost_per_month=_span(roadmap.monthly, f"{code}/month"),
        hours=_span(roadmap.hours, "h"),
        hours_per_month=roadmap.hours_per_month,
        unknown=roadmap.unknown,
        narrow_next=tuple(
            f"{each.question.asks} ({each.state}; shown by {each.question.shows})"
            for each in narrowing(assessment)[:SHOWN_QUESTIONS]
        ),
        notes=tuple(notes),
    )


def _span(each: Range, unit: str) -> EstimateValue:
    return EstimateValue(value=each.middle, low=each.low, high=each.high, unit=unit)


# --- leaving ---------------------------------------------------------------------------------------------------


def published_exit(option: PricedOption, cost: Cost, pricing: Pricing, central: Inputs) -> Exit:
    """Return what leaving an option would take, from its terms, its model and the other places that serve it."""
    found = exit_estimate(
        [_leaving(part, option, cost, pricing, central) for part in option.parts],
        option.staff.cost_per_fte_y / HOURS_PER_FTE_YEAR,
        pricing.currency.per_usd,
        pricing.scenario.team.engineers,
        option.currency.code,
    )
    return _published(found, option.currency.code)


_BILL = {Kind.CLOUD: "rent", Kind.API: "api_tokens", Kind.COLO: "facility"}
"""The cause of cost that a contract of that kind bills."""


def _leaving(part: PricedPart, option: PricedOption, cost: Cost, pricing: Pricing, central: Inputs) -> Leaving:
    draft, terms = part.draft, part.serving.terms
    schedule = part.schedule(central)
    hosts = int(schedule.installed[:12].max()) if schedule is not None else 0
    alike = sum(other.draft.kind is draft.kind for other in option.parts)
    billed = sum(each.per_month for each in cost.by_cause if each.cause == _BILL.get(draft.kind)) / alike
    bought = max(hosts - terms.existing, 0) * terms.price if isinstance(terms, OwnedTerms) else 0.0
    demand = part.serving.demand.as_case_demand()
    tokens = float(np.asarray(demand.input_tokens + demand.output_tokens)[:12].mean())
    own = draft.api.model_id if draft.api is not None else draft.asked.model.id
    sellers = {each.provider_id for each in pricing.catalog.api_offers() if own is not None and each.model_id == own}
    return Leaving(
        kind=str(draft.kind),
        workload=draft.asked.workload.name,
        open_weights=own is not None,
        others=len(sellers - {part.provider_id}),
        usual_interface=_usual_interface(draft, pricing.scenario),
        price_per_month=billed,
        term_months=_term_months(draft, pricing.scenario),
        purchase=bought,
        hosts=hosts if isinstance(terms, OwnedTerms) else 0,
        data_bytes=tokens * TEXT_BYTES_PER_TOKEN * KEPT_MONTHS,
    )


def _usual_interface(draft: Draft, scenario: Scenario) -> bool | None:
    """Return whether it speaks the usual form of API: engines do; of a provider the site tells."""
    if draft.api is None:
        return True
    site = next((each for each in scenario.sites if each.name == draft.site_name), None)
    return site.openai_compatible if isinstance(site, ApiSite) else None


def _term_months(draft: Draft, scenario: Scenario) -> float:
    site = next((each for each in scenario.sites if each.name == draft.site_name), None)
    return TERM_MONTHS.get(site.commitment, 0.0) if isinstance(site, CloudSite) else 0.0


def _published(found: ExitEstimate, code: str) -> Exit:
    return Exit(
        months=_span(found.months, "month"),
        cost=_span(found.money, code),
        causes=tuple(
            ExitCause(
                cause=each.cause,
                months=_span(each.months, "month"),
                cost=_span(each.money, code),
                why=each.why,
            )
            for each in found.parts
        ),
        unknown=found.unknown,
        sentence=found.sentence,
    )
