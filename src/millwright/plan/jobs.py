"""Fine-tuning jobs placed on each option: in its machines' idle hours where they fit, else on rented machine-hours.

A job fits if, begun at the worst time and pausing whenever the demand or a spare needs the machine, it is done within
its deadline, at the slow end of its run time. Fleets grow and demand with them, so that is asked for every month.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from millwright.fleet.finetune import reason_against, time_and_energy, utilisation_of, worst_wait_h
from millwright.fleet.platform import Platform
from millwright.law.kleene import Verdict
from millwright.perf.training import Method, TrainingRun
from millwright.plan.costing import Inputs, OwnedTerms, RentedTerms
from millwright.plan.demand import WorkloadDemand
from millwright.plan.draft import Draft
from millwright.plan.job_model import JobPlacement
from millwright.plan.model import EstimateValue, RefusalReason, RefusedOption, Stage
from millwright.plan.placed_job import PlacedJob
from millwright.plan.priced import PricedOption, PricedPart, refused_option
from millwright.plan.terms import Pricing
from millwright.quantity import Estimate, share_text
from millwright.scenario.job import Job
from millwright.scenario.model import Commitment

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class _Idle:
    """What a job would take of the idle hours of one part's machines.

    `fits` says by month whether it is done in time (months,); at the tightest it takes the `share` of the idle hours
    [-] and `longest_h` from its start to its end [h]. A run costs `electricity` [currency].
    """

    platform: Platform
    time_h: Estimate
    energy_kwh: Estimate
    fits: NDArray[np.bool_]
    share: float
    longest_h: float
    electricity: float


def with_jobs(
    options: Sequence[PricedOption],
    jobs: Sequence[Job],
    asked: Sequence[WorkloadDemand],
    drafts: Sequence[Draft],
    pricing: Pricing,
    central: Inputs,
    refused: list[RefusedOption],
) -> list[PricedOption]:
    """Return the options with every job placed; what has no place for one is added to `refused`.

    `drafts` are what was looked at for the workloads, those set aside included: of their rented machines the lawful
    ones may be rented for a run.
    """
    if not jobs:
        return list(options)
    models = {each.workload.name: each.model for each in asked}
    runs = {
        job.name: TrainingRun(
            models[job.workload], Method(job.method.value), job.tokens_trained, job.sequence_tokens, 1, job.lora_rank
        )
        for job in jobs
    }
    to_rent = {job.name: _cheapest_rent(job, runs[job.name], drafts, pricing) for job in jobs}
    kept: list[PricedOption] = []
    for option in options:
        placed = _placed(option, jobs, runs, to_rent, pricing, central)
        if isinstance(placed, RefusalReason):
            refused.append(refused_option(option, [placed]))
        else:
            kept.append(replace(option, jobs=tuple(placed)))
    return kept


def _placed(
    option: PricedOption, jobs: Sequence[Job], runs: Mapping[str, TrainingRun], to_rent: Mapping[str, PlacedJob | str],
    pricing: Pricing, central: Inputs,
) -> list[PlacedJob] | RefusalReason:  # fmt: skip
    """Return every job with its place, the first stated first; or why one has none."""
    taken: dict[int, float] = defaultdict(float)  # share of the idle hours, by part
    placed: list[PlacedJob] = []
    months = option.parts[0].serving.demand.months
    for job in jobs:
        ways = {number: _idle(part, job, runs[job.name], central, taken[number]) for number, part in _machines(option)}
        fitting = {number: way for number, way in ways.items() if isinstance(way, _Idle)}
        best = max(fitting, key=lambda number: (fitting[number].fits.sum(), -fitting[number].electricity), default=None)
        rent = to_rent[job.name]
        if best is not None and (fitting[best].fits.all() or isinstance(rent, PlacedJob)):
            taken[best] += fitting[best].share
            placed.append(_in_idle_hours(job, fitting[best], rent, option.go_live_month))
        elif best is None and isinstance(rent, PlacedJob):
            placed.append(replace(rent, idle_months=(False,) * months, from_month=option.go_live_month))
        else:
            why = next((way for way in ways.values() if isinstance(way, str)), "it has no machines that stand idle")
            if best is not None:
                why = f"its idle hours suffice in {int(fitting[best].fits.sum())} of {months} months"
            text = f"job '{job.name}': {why}; and {rent if isinstance(rent, str) else 'nothing may be rented for it'}"
            return RefusalReason(stage=Stage.CAPACITY, summary="no place for a fine-tuning job", text=text)
    return placed


def _machines(option: PricedOption) -> Iterator[tuple[int, PricedPart]]:
    """Give the parts that hold machines which stand there whether they are needed or not."""
    for number, part in enumerate(option.parts):
        terms = part.serving.terms
        held = isinstance(terms, OwnedTerms) or (isinstance(terms, RentedTerms) and not terms.switched)
        if held and part.draft.platform is not None and not getattr(part.serving, "guest", False):
            yield number, part


def _idle(part: PricedPart, job: Job, run: TrainingRun, central: Inputs, taken: float) -> _Idle | str:
    """Return what the job takes of a part's idle hours, of which a share is `taken` [-]; or why it cannot."""
    platform, terms = part.draft.platform, part.serving.terms
    assert platform is not None
    if reason := reason_against(run, platform.device, platform.device_count):
        return f"on {platform.title} {reason}"
    time_h, energy = _hours_and_energy(run, platform, terms.pue if isinstance(terms, OwnedTerms) else 1.0)
    free = _free_share(part, central) * (1.0 - min(taken, 1.0))
    need = time_h.high * 7.0 / job.every_days
    weekly = free.sum(axis=1)
    waits = np.array([worst_wait_h(time_h.high, week) for week in free])
    live = np.arange(len(free)) >= part.serving.go_live_month
    fits = ((need <= weekly) & (waits <= job.within_hours)) | ~live
    good = fits & live
    if not good.any():
        return (
            f"{platform.title} stands idle {weekly[live].max(initial=0.0):,.0f} h a week, spares left out; a run takes "
            f"up to {time_h.high:,.1f} h and {waits[live].min(initial=np.inf):,.0f} h with its pauses, "
            f"of {job.within_hours:,.0f} h allowed"
        )
    tariff = terms.tariff_per_kwh if isinstance(terms, OwnedTerms) and not terms.colo_includes_energy else 0.0
    share, longest_h = float(need / weekly[good].min()), float(waits[good].max())
    return _Idle(platform, time_h, energy, fits, share, longest_h, energy.value * tariff)


def _free_share(part: PricedPart, central: Inputs) -> NDArray[np.float64]:
    """Return how much of one machine is free in each month and hour of the week, spares left out (months, 168) [-]."""
    schedule = part.schedule(central)
    assert schedule is not None
    idle = schedule.installed[:, None] - part.serving.spares - part.serving.needed_by_hour(central)
    return np.asarray(np.clip(idle, 0.0, 1.0))


def _hours_and_energy(run: TrainingRun, platform: Platform, pue: float) -> tuple[Estimate, Estimate]:
    time_s, energy = time_and_energy(run, platform.device, platform.device_count, pue)
    value, low, high = (each / _SECONDS_PER_HOUR for each in (time_s.value, time_s.low, time_s.high))
    return Estimate(value, low, high, time_s.basis), energy


def _in_idle_hours(job: Job, way: _Idle, rent: PlacedJob | str, from_month: int) -> PlacedJob:
    base = rent if isinstance(rent, PlacedJob) else PlacedJob(job.name, job.workload, job.runs_per_month, ())
    source = utilisation_of(way.platform.device, Method(job.method.value)).source
    return replace(
        base,
        idle_months=tuple(bool(each) for each in way.fits),
        time_h=way.time_h,
        energy_kwh=way.energy_kwh,
        idle_title=way.platform.title,
        idle_share=min(way.share, 1.0),
        longest_h=way.longest_h,
        electricity_per_month=way.electricity * job.runs_per_month,
        source=f"share of the peak: {source}",
        from_month=from_month,
    )


def _cheapest_rent(job: Job, run: TrainingRun, drafts: Sequence[Draft], pricing: Pricing) -> PlacedJob | str:
    """Return the cheapest lawful way to rent machine-hours for a run, or why there is none."""
    best: PlacedJob | None = None
    why = "the scenario has no cloud whose machines could be rented for it"
    for draft in drafts:
        platform = draft.platform
        if draft.asked.workload.name != job.workload or platform is None or platform.cloud is None:
            continue
        if draft.law.verdict is not Verdict.YES:
            why = "none of the clouds' machines is known to be lawful for its data"
            continue
        terms = pricing.rented(platform.cloud, Commitment.ON_DEMAND)
        if terms is None:
            continue
        if reason := reason_against(run, platform.device, platform.device_count):
            why = f"of the machines for rent none can do it; on {platform.title} {reason}"
            continue
        time_h, energy = _hours_and_energy(run, platform, 1.0)
        if time_h.high > job.within_hours:
            why = f"on {platform.title} a run takes up to {time_h.high:,.0f} h, of {job.within_hours:,.0f} h allowed"
            continue
        rent = math.ceil(time_h.value) * terms.price_per_h * job.runs_per_month
        if best is None or rent < best.rent_per_month:
            best = PlacedJob(
                job.name,
                job.workload,
                job.runs_per_month,
                (),
                energy_kwh=energy,
                rented_title=platform.title,
                rented_time_h=time_h,
                rent_per_month=rent,
                provider_id=terms.provider_id,
                source=terms.source,
            )
    return why if best is None else best


# --- as published -----------------------------------------------------------------------------------------------


def published_jobs(option: PricedOption, central: Inputs) -> tuple[JobPlacement, ...]:
    """Return the jobs of an option as the plan publishes them."""
    return tuple(_published(job, option, central) for job in option.jobs)


def _published(job: PlacedJob, option: PricedOption, central: Inputs) -> JobPlacement:
    months, code = len(job.idle_months), option.currency.code
    live = job.idle_months[job.from_month :]
    in_idle, rented = sum(live), len(live) - sum(live)
    where = "rented" if not in_idle else "idle hours" if not rented else "idle hours, then rented"
    machine = " + ".join(
        name for name, used in ((job.idle_title, in_idle), (job.rented_title, rented)) if name and used
    )
    time_h = job.time_h if in_idle and job.time_h is not None else job.rented_time_h
    assert time_h is not None, "a job that is placed has a time"
    amounts = np.asarray(job.item(central, months).per_month)  # type: ignore[union-attr]
    cost = float(amounts.mean())
    hours = f"{time_h.value:,.3g} h ({time_h.low:,.3g} to {time_h.high:,.3g})"
    runs = "1 run" if job.runs_per_month == 1.0 else f"{job.runs_per_month:.2g} runs"
    text = f"{job.name}: {runs} a month of {hours} "
    if in_idle:
        text += f"in the idle hours of {job.idle_title}, {share_text(job.idle_share)} of them"
        text += f", done within {job.longest_h:,.0f} h"
    if in_idle and rented:
        text += f" in {in_idle} of {len(live)} months, else "
    if rented:
        text += f"on {job.rented_title}, rented by the hour"
    return JobPlacement(
        job=job.name,
        workload=job.workload,
        where=where,
        machine=machine,
        run_time=EstimateValue.of(time_h, "h"),
        runs_per_month=job.runs_per_month,
        idle_months=in_idle,
        idle_share=job.idle_share if in_idle else None,
        longest_hours=job.longest_h if in_idle else None,
        energy_kwh_per_run=None if job.energy_kwh is None else EstimateValue.of(job.energy_kwh, "kWh"),
        cost_per_month=cost,
        text=f"{text}: {cost:,.0f} {code} a month.",
    )
