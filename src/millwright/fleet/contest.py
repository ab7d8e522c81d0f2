"""The contest of candidates for a machine: which serves most, and why each of the others does not.

Best first: the candidate with the highest bound is looked at next. A bound starts as that of the roofline, and becomes
that of the step times once those are worked out. One whose bound does not exceed the best rate found is pruned: it
could not have won. Each other one is first simulated once, at the rate that it would need to win; only where it holds
the SLO there is its own rate sought. A rate above the bound would rest on a run too short to show its backlog, so
rates are capped by it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from millwright.fleet.bounds import Asked, asked_rate_bound
from millwright.fleet.candidate import Candidate, CandidateKey, Unfit
from millwright.fleet.replica import (
    COARSE,
    Prospect,
    ReplicaPerformance,
    Service,
    deviates_at,
    evaluate,
    moved,
    with_interval,
)
from millwright.perf.deployment import Deployment
from millwright.quantity import Estimate, share_text
from millwright.simulate.goodput import Goodput, RatePoint, attainment_at

_TO_WIN = 1.0 + COARSE
"""A candidate wins by more than the precision at which rates are compared; the first of two equals stays."""

_POOLS_TO_WIN = 1.05
"""Pools apart must win by so much more: their simulated link has room for every cache at once, which flatters it."""

_FINAL = 0.03
"""Relative precision of the winner's rate: well below the interval of its step times."""

_FIRST_GUESS = 0.7
"""Share of its bound at which the first candidate's rate is looked for."""


class Fate(StrEnum):
    """What became of a deployment in the search."""

    BEST = "best"
    BEHIND = "behind"  # it serves, or would serve, less than the best
    PRUNED = "pruned"  # its bound is below what the best serves
    TOO_SLOW = "too slow"  # it keeps the SLO at no rate
    UNFIT = "does not fit"


@dataclass(frozen=True)
class Considered:
    """One deployment that was looked at for a machine: what became of it and why, rates per machine [1/s].

    `bound_per_s` is what the machine could not exceed with it (None: not worked out), `rate_per_s` what was simulated.
    """

    deployment: Deployment
    fate: Fate
    reason: str
    bound_per_s: float | None = None
    rate_per_s: float | None = None
    candidate: Candidate | None = None


@dataclass(frozen=True)
class Contest:
    """The winner on one size of machine, None if nothing serves; and every candidate with its fate."""

    best: Candidate | None
    considered: tuple[Considered, ...]
    too_slow: tuple[ReplicaPerformance, ...]


class Evaluations:
    """What candidates serve, each simulated once: coarsely to compare them, in full for the best.

    They are compared by what they serve with the probability `confidence`: of two that serve the same in the middle,
    the one that stands further from a limit is the better.
    """

    def __init__(self, service: Service, confidence: float = 0.5) -> None:
        self.service = service
        self.part = service.part()
        self.confidence = confidence
        self.asked = Asked.of(self.part)
        self._asked_in_full = Asked.of(service)
        self._deviates = deviates_at(confidence)
        self._coarse: dict[CandidateKey, ReplicaPerformance] = {}
        self._in_full: dict[CandidateKey, ReplicaPerformance] = {}
        self._failed: dict[CandidateKey, RatePoint] = {}

    def coarse(self, candidate: Candidate, share_of_bound: float = _FIRST_GUESS) -> ReplicaPerformance:
        """Return what `candidate` serves at that confidence, to a few per cent, from a part of the requests.

        Its rate is looked for at `share_of_bound` first: candidates of one machine fall short of their bounds alike.
        """
        key = candidate.key
        if key not in self._coarse:
            bound = candidate.bound_per_device_per_s * candidate.device_count
            near = self._guess(bound, share_of_bound)
            self._coarse[key] = capped(evaluate(self.part, candidate, COARSE, near, self._deviates), bound)
        return self._coarse[key]

    def failed_at(self, candidate: Candidate, rate_per_s: float) -> RatePoint | None:
        """Return a trial that shows that `candidate` cannot hold the SLO at that rate [1/s], None if it may."""
        key, slo = candidate.key, self.part.slo
        if key in self._coarse or slo is None:
            return None
        known = self._failed.get(key)
        if known is None or known.rate_per_s > rate_per_s:
            known = attainment_at(
                self.part.at_rate(),
                lambda requests, give_up: candidate.serve(requests, give_up, self._deviates),
                slo,
                rate_per_s,
            )
            if known.attainment >= slo.share:
                return None
            self._failed[key] = known
        return known

    def in_full(self, candidate: Candidate) -> ReplicaPerformance:
        """Return what `candidate` serves from all requests, with its interval."""
        key = candidate.key
        if key not in self._in_full:
            cautious = self.coarse(candidate)
            near = moved(cautious.goodput, candidate, -self._deviates)
            service = self.service.played(candidate.deployment.draft)
            asked = self._asked_in_full if service is self.service else Asked.of(service)
            whole = evaluate(service, candidate, _FINAL, near)
            if candidate.prompts is None:
                limits, capacity = candidate.deployment.limits, candidate.memory.kv_capacity_tokens
                whole = capped(whole, asked_rate_bound(asked, candidate.step, limits, capacity))
            self._in_full[key] = with_interval(service, whole, self.confidence, cautious)
        return self._in_full[key]

    def _guess(self, bound_per_s: float, share: float) -> Goodput | None:
        """Return where to look for a rate; None where nothing but the replica's capacity would end the search."""
        slo = self.part.slo
        if slo is None or (slo.ttft_s is None and slo.e2e_s is None) or not 0.0 < bound_per_s < math.inf:
            return None
        return Goodput(share * bound_per_s, 0.0, bound_per_s, bound_per_s, 0.0, "", "", ())


def capped(found: ReplicaPerformance, bound_per_s: float) -> ReplicaPerformance:
    """Return `found` with a rate no higher than its bound [1/s]."""
    if found.goodput.rate_per_s <= bound_per_s:
        return found
    low = min(found.goodput.low, bound_per_s)
    goodput = replace(found.goodput, rate_per_s=bound_per_s, low=low, high=bound_per_s)
    rate = Estimate.exact(bound_per_s, found.rate_per_s.basis)
    return replace(found, goodput=goodput, rate_per_s=rate, sure_per_s=bound_per_s)


def contest(evaluations: Evaluations, found: Sequence[Candidate | Prospect], device_count: int) -> Contest:
    """Return the candidate that serves most on a machine of `device_count` devices, and the fate of all others.

    A machine runs whole replicas only, so what counts is their number times the rate of one.
    """
    ring = _Ring(evaluations, device_count)
    waiting: list[tuple[float, int, Candidate | Prospect]] = []
    for order, one in enumerate(found):
        if devices_of(one) <= device_count:
            bound = one.roofline_per_device_per_s if isinstance(one, Prospect) else one.bound_per_device_per_s
            heapq.heappush(waiting, (-ring.of_machine(bound, one), order, one))
    while waiting:
        bound, order, one = heapq.heappop(waiting)
        if ring.prunes(-bound, one):
            continue
        if isinstance(one, Prospect):
            candidate = one.candidate
            heapq.heappush(waiting, (-ring.of_machine(candidate.bound_per_device_per_s, candidate), order, candidate))
        else:
            ring.meet(one, -bound)
    return ring.result()


def devices_of(one: Candidate | Prospect) -> int:
    """Return the devices of one replica."""
    return one.deployment.device_count if isinstance(one, Prospect) else one.device_count


class _Ring:
    """The best so far on one size of machine, and what became of those that met it."""

    def __init__(self, evaluations: Evaluations, device_count: int) -> None:
        self.evaluations, self.device_count = evaluations, device_count
        self.best: Candidate | None = None
        self.best_rate = self.best_bound = 0.0
        self.fates: list[Considered] = []
        self.too_slow: list[ReplicaPerformance] = []

    def replicas(self, one: Candidate | Prospect) -> int:
        return self.device_count // devices_of(one)

    def of_machine(self, per_device_per_s: float, one: Candidate | Prospect) -> float:
        return per_device_per_s * devices_of(one) * self.replicas(one)

    def prunes(self, bound: float, one: Candidate | Prospect) -> bool:
        """Return whether `one` cannot win, and note why."""
        if self.best is None or bound > self.best_rate * _TO_WIN:
            return False
        whatever = "even at the datasheet's peaks" if isinstance(one, Prospect) else "whatever the schedule"
        reason = f"at most {bound:.3g} requests/s {whatever}; the best serves {self.best_rate:.3g}"
        if bound <= 0.0:
            reason = f"too many requests break a limit on latency {whatever}"
        candidate = one if isinstance(one, Candidate) else None
        self.fates.append(Considered(one.deployment, Fate.PRUNED, reason, bound, None, candidate))
        return True

    def meet(self, one: Candidate, bound: float) -> None:
        """Let `one` try to beat the best."""
        needed = self.best_rate * _TO_WIN * (_POOLS_TO_WIN if one.prompts is not None else 1.0)
        if self.best is not None:
            trial = self.evaluations.failed_at(one, needed / self.replicas(one))
            if trial is not None:
                self.fates.append(_behind(one, trial, needed, self.replicas(one), bound, self.evaluations))
                return
        share = self.best_rate / self.best_bound if self.best is not None else _FIRST_GUESS
        performance = self.evaluations.coarse(one, share)
        rate = performance.rate_per_s.value * self.replicas(one)
        fate = Considered(one.deployment, Fate.BEHIND, performance.goodput.reason, bound, rate, one)
        if rate <= 0.0:
            self.too_slow.append(performance)
            fate = replace(fate, fate=Fate.TOO_SLOW)
        elif self.best is None or rate > needed:
            self.best, self.best_rate, self.best_bound = one, rate, bound
        self.fates.append(fate)

    def result(self) -> Contest:
        """Return the outcome, with the best's rate in the reasons of those behind it."""
        for place, each in enumerate(self.fates):
            if each.candidate is not None and each.candidate is self.best:
                self.fates[place] = replace(each, fate=Fate.BEST)
            elif each.fate is Fate.BEHIND and each.rate_per_s is not None:
                reason = f"it serves {each.rate_per_s:.3g} requests/s, the best {self.best_rate:.3g}; {each.reason}"
                self.fates[place] = replace(each, reason=reason)
        return Contest(self.best, tuple(self.fates), tuple(self.too_slow))


def _behind(
    one: Candidate, trial: RatePoint, needed: float, replicas: int, most: float, evaluations: Evaluations
) -> Considered:
    slo = evaluations.part.slo
    assert slo is not None, "only a limit on latency can fail a trial"
    share = f"at most {share_text(trial.attainment)}" if trial.gave_up else f"{share_text(trial.attainment, 1)}"
    each = "" if replicas == 1 else f" on each of {replicas} replicas"
    reason = (
        f"to win it would have to serve {needed:.3g} requests/s{each}; at {trial.rate_per_s:.3g} {share} of the "
        f"requests keep the SLO, {share_text(slo.share)} must"
    )
    return Considered(one.deployment, Fate.BEHIND, reason, most, None, one)


def unfit_considered(unfit: Sequence[Unfit]) -> tuple[Considered, ...]:
    """Return the deployments that do not fit as considered ones."""
    return tuple(Considered(each.deployment, Fate.UNFIT, each.reason) for each in unfit)
