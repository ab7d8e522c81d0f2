"""What a draft brings an option: the same option with every machine serving as well as it can without one.

What is compared are whole answers: without a draft other layouts, engines and limits may be best, and the machines are
counted and priced anew. People are left as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from millwright.finance.figures import npv_cost
from millwright.fleet.drafting import draft_settings
from millwright.fleet.replica import Candidate
from millwright.plan.costing import Capacity, Inputs, ServingPart
from millwright.plan.option_model import SpeculationSummary, WithoutDraft
from millwright.plan.performance import PlannedLoad, Runs
from millwright.plan.priced import PricedOption, PricedPart
from millwright.quantity import share_text


def speculation_summary(candidate: Candidate) -> SpeculationSummary | None:
    """Return how a replica decodes speculatively, and how its engine is told; None where it does not."""
    draft = candidate.deployment.draft
    if draft is None or draft.origin is None:
        return None
    origin, settings = draft.origin, draft_settings(candidate.deployment)
    return SpeculationSummary(
        method=origin.method,
        draft=origin.title,
        checkpoint=origin.checkpoint,
        tokens=draft.tokens,
        acceptance=origin.acceptance,
        tokens_per_step=draft.tokens_per_step,
        quality=origin.quality,
        source=origin.source,
        date=origin.date,
        engine_flags="" if settings is None else settings.flags,
        engine_file="" if settings is None else settings.file,
        flags_source="" if settings is None else f"{settings.source} ({settings.date})",
    )


def plain_part(part: PricedPart) -> PricedPart | None:
    """Return `part` with the best that its machines do without a draft; None where it has none, or has no other way.

    Parts of a mixed fleet and of shared machines are left out: without drafts another fleet would be found.
    """
    answer, serving = part.draft.answer, part.serving
    if answer is None or answer.plain is None or answer.plain.performance is None or serving.capacity is None:
        return None
    if type(serving) is not ServingPart:
        return None
    plain = answer.plain
    assert plain.performance is not None
    capacity = Capacity(
        serving.capacity.device_id,
        plain.machine_rate_per_s,
        plain.performance.log_sigma,
        plain.performance.log_sigma_below,
        plain.sure_machine_rate_per_s,
    )
    return PricedPart(replace(part.draft, answer=plain), replace(serving, capacity=capacity))


def without_drafts(option: PricedOption) -> PricedOption | None:
    """Return `option` without drafts, None where it has none or where one of its machines serves nothing without."""
    drafting = [part for part in option.parts if part.draft.answer is not None and part.draft.answer.plain is not None]
    plain = {id(part): found for part in drafting if (found := plain_part(part)) is not None}
    if not drafting or len(plain) < len(drafting):
        return None
    return replace(option, parts=tuple(plain.get(id(part), part) for part in option.parts))


def plain_effect(
    option: PricedOption,
    index: int,
    central: Inputs,
    machines: tuple[int, int],
    loads: tuple[PlannedLoad | None, PlannedLoad | None],
    runs: Runs | None,
) -> WithoutDraft | None:
    """Return what part `index` of `option` would be without drafts, with its machines (with, without) and the planned
    loads of both; None where there is nothing to compare."""
    part = option.parts[index]
    answer = part.draft.answer
    if answer is None or answer.plain is None:
        return None
    other = without_drafts(option)
    if other is None:
        served = answer.plain.performance is not None
        return None if served else WithoutDraft(machine_rate_per_s=None)
    with_cost, without_cost = float(npv_cost(option.case(central))), float(npv_cost(other.case(central)))
    tpot_s = [None if load is None or runs is None else _tpot_s(load, runs) for load in loads]
    return WithoutDraft(
        machine_rate_per_s=answer.plain.machine_rate_per_s,
        rate_factor=answer.machine_rate_per_s / answer.plain.machine_rate_per_s,
        machines=machines[1],
        cost_change=without_cost / with_cost - 1.0,
        tpot_s=tpot_s[1],
        tpot_with_s=tpot_s[0],
    )


def _tpot_s(load: PlannedLoad, runs: Runs) -> float | None:
    run, slo = runs.get(load.key), load.service.slo
    if run is None or slo is None:
        return None
    found = getattr(run.whole.tpot_s, f"p{slo.percentile:g}", None) or run.whole.tpot_s.p95
    return None if found is None else found.value


def in_words(summary: SpeculationSummary, machines: int, without: WithoutDraft | None) -> str:
    """Return what it rests on and what it brings, in a few sentences."""
    said = f"assumed, quality {summary.quality}, {summary.date}" if summary.quality else "as the scenario states"
    each = "token" if summary.tokens == 1 else "tokens"
    text = f"Its speed counts on drafts: {summary.draft}, {summary.tokens} {each} a step, each accepted with "
    text += f"{share_text(summary.acceptance)} ({said})."
    if without is None:
        return text
    if without.machine_rate_per_s is None:
        return f"{text} Without them it keeps no promise."
    change = without.cost_change or 0.0
    cost = (
        "cost the same" if abs(change) < 0.005 else f"cost {share_text(abs(change))} {'more' if change > 0 else 'less'}"
    )
    text += f" Without them it would take {without.machines} machines instead of {machines} and {cost}"
    if without.tpot_s is not None and without.tpot_with_s is not None:
        text += f"; TPOT would be {without.tpot_s * 1e3:.3g} ms instead of {without.tpot_with_s * 1e3:.3g} ms"
    return text + (". Measure the acceptance on your own texts before you buy." if summary.quality else ".")


def plain_parts(options: Sequence[PricedOption]) -> list[PricedPart]:
    """Return the parts of `options` as they would be without drafts, those that have any."""
    return [plain for option in options for part in option.parts if (plain := plain_part(part)) is not None]
