"""Processes that take turns on the same devices: memory adds up, and so does time.

The largest load is sought at which every promise holds by simulation, all workloads at their peaks together. Each is
simulated on its own clock (`fleet.turns`), with the others at work for as long as they are when they get their turn as
seldom as they ever do: k processes at work all the time. So what is found errs to the safe side.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from millwright.catalog.device import Device
from millwright.fleet.candidate import Candidate, slower
from millwright.fleet.replica import SPREAD_Z, ReplicaPerformance, deviates_at, fit
from millwright.fleet.sharing.lanes import How, Lane, NoPlace, Places, Shared, Tenant, in_words
from millwright.fleet.turns import ALWAYS, Busy, Turns, busy_of, spread, together
from millwright.perf.deployment import Deployment
from millwright.perf.memory import CONTEXT_BYTES, MemoryFit
from millwright.quantity import Estimate, share_text
from millwright.simulate.goodput import Goodput
from millwright.simulate.load import simulate_open

_DATA = Path(__file__).parent.parent / "data" / "sharing.json"

_PRECISION = 1.05
"""Relative precision of the load: well below the interval of step times."""

_LEAST = 1.0 / 64.0
"""Of the load that the workloads could carry alone: below it sharing is no use."""

_WARMUP = 0.1


@lru_cache(maxsize=1)
def switch_share() -> float:
    """Return what turns between processes add to each step [-]."""
    return float(json.loads(_DATA.read_text(encoding="utf-8"))["time_slices"]["switch_share"])


def worst_stretch(processes: int) -> float:
    """Return how many times as long a step of one of so many processes may take: all of them have work."""
    return processes * (1.0 + switch_share()) if processes > 1 else 1.0


def by_turns(tenants: Sequence[Tenant], device: Device, device_count: int, places: Places) -> Shared | NoPlace:
    """Return the machine on all of whose devices every workload takes its turn, or why they cannot."""
    alone = {each.name: places.answer(each, device, device_count) for each in tenants}
    names = [each.name for each in tenants]
    if missing := [name for name in names if alone[name].performance is None]:
        return NoPlace(How.BY_TURNS, f"{in_words(missing)} keeps no promise on {device_count} × {device.name} alone")
    if offline := [each.name for each in tenants if each.service.slo is None]:
        return NoPlace(
            How.BY_TURNS, f"{in_words(offline)} is work in bulk, which never rests: it needs its own devices"
        )
    if device.memory_bytes is None:
        return NoPlace(How.BY_TURNS, f"the memory of {device.name} is not known")
    deployments = {name: _deployment(alone[name].performance) for name in names}
    fractions = _memory_shares(tenants, deployments, device.memory_bytes)
    if isinstance(fractions, str):
        return NoPlace(How.BY_TURNS, fractions)
    processes: list[_Process] = []
    for tenant in tenants:
        found = alone[tenant.name]
        assert found.performance is not None
        deployment = replace(deployments[tenant.name], memory_fraction=fractions[tenant.name])
        memory = fit(deployment)
        if reason := _no_room(tenant, memory):
            return NoPlace(How.BY_TURNS, f"{tenant.name}, beside the others: {reason}")
        one = replace(found.performance.candidate, deployment=deployment, memory=memory, prompts=None)
        replicas = device_count // one.device_count
        processes.append(_Process(tenant, one, replicas, found.machine_rate_per_s, found.sure_machine_rate_per_s))
    return _with_lanes(_Device(processes), device_count, places.confidence)


def _no_room(tenant: Tenant, memory: MemoryFit) -> str:
    """Return why a workload has no room in its share of the memory; empty where it has."""
    if not memory.fits and memory.reason:
        return memory.reason
    longest = int((tenant.service.requests.input_tokens + tenant.service.requests.output_tokens).max())
    if memory.fits and (tenant.model.one_pass or memory.kv_capacity_tokens >= longest):
        return ""
    return f"room for {memory.kv_capacity_tokens:,} KV tokens is left, {longest:,} are asked"


@dataclass(frozen=True)
class _Process:
    """One workload on the machine: a candidate as if alone, its replicas, and what they would serve alone [1/s].

    `sure_alone_per_s` is what they would at the confidence that was asked for.
    """

    tenant: Tenant
    candidate: Candidate
    replicas: int
    alone_per_s: float
    sure_alone_per_s: float


class _Device:
    """The processes of a machine together, at multiples of their peaks."""

    def __init__(self, processes: Sequence[_Process]) -> None:
        self.processes = processes
        self.most = min(each.alone_per_s / each.tenant.peak_per_s for each in processes)
        self._busy: dict[tuple[str, float, float], Busy] = {}

    def busy(self, process: _Process, multiple: float, deviates: float) -> Busy:
        """Return when a replica of `process` has work if every other process has work all the time."""
        key = process.tenant.name, multiple, deviates
        if key not in self._busy:
            part, candidate = process.tenant.service.part(), process.candidate
            worst = worst_stretch(len(self.processes))
            step = slower(candidate.step, deviates).stretched(worst, worst)
            requests = part.at_rate()(multiple * process.tenant.peak_per_s / process.replicas)
            capacity = candidate.memory.kv_capacity_tokens
            self._busy[key] = busy_of(simulate_open(requests, step, candidate.deployment.limits, capacity))
        return self._busy[key]

    def turns(self, process: _Process, multiple: float, deviates: float) -> Turns:
        """Return the neighbours of a replica of `process`; of smaller ones it has one on each of its devices."""
        neighbours: list[Busy] = []
        for other in self.processes:
            if other is not process:
                busy = self.busy(other, multiple, deviates)
                busy = ALWAYS if busy.share >= 1.0 else busy
                neighbours += spread(busy, max(process.candidate.device_count // other.candidate.device_count, 1))
        return Turns(together(neighbours), switch_share())

    def attainment(self, process: _Process, multiple: float, deviates: float) -> float:
        """Return the share of a workload's requests that keep its SLO when all come at `multiple` of their peaks."""
        slo = process.tenant.service.slo
        assert slo is not None
        one = replace(process.candidate, turns=self.turns(process, multiple, deviates))
        rate = multiple * process.tenant.peak_per_s / process.replicas
        outcomes = one.serve(process.tenant.service.part().at_rate()(rate), deviates=deviates)
        return float(slo.met(outcomes.only(slice(int(_WARMUP * len(outcomes)), None))).mean())

    def failing(self, multiple: float, deviates: float) -> tuple[_Process, float] | None:
        """Return a process whose promise fails at this load and the share that keeps it; None where none does."""
        for each in self.processes:
            assert each.tenant.service.slo is not None
            kept = self.attainment(each, multiple, deviates)
            if kept < each.tenant.service.slo.share:
                return each, kept
        return None

    def largest(self, deviates: float) -> float:
        """Return the largest multiple of the peaks at which every promise holds; 0 where none does."""
        high = self.most * float(np.exp(max(-deviates, 0.0) * 0.5))
        if self.failing(high, deviates) is None:
            return high
        low = high
        while low > self.most * _LEAST:
            high, low = low, low / 2.0
            if self.failing(low, deviates) is None:
                break
        else:
            return 0.0
        while high / low > _PRECISION:
            middle = float(np.sqrt(low * high))
            if self.failing(middle, deviates) is None:
                low = middle
            else:
                high = middle
        return low


def _with_lanes(device: _Device, device_count: int, confidence: float) -> Shared | NoPlace:
    """Return the machine with what every lane serves, centrally, at the confidence, and at the ends of the interval."""
    cautious = deviates_at(confidence)
    sure = min(device.largest(cautious), *(p.sure_alone_per_s / p.tenant.peak_per_s for p in device.processes))
    if sure <= 0.0:
        failing = device.failing(device.most * _LEAST, cautious)
        who = failing[0].tenant.name if failing else "one of them"
        kept = f"{share_text(failing[1])} of its requests keep its limits" if failing else "its limits are not kept"
        return NoPlace(How.BY_TURNS, f"{who} is too slow beside the others even at low load: {kept}")
    central = max(device.largest(0.0), sure) if cautious > 0.0 else sure
    low, high = min(device.largest(SPREAD_Z), central), max(device.largest(-SPREAD_Z), central)
    load = _Load(sure, central, low, high, confidence)
    return Shared(How.BY_TURNS, tuple(_lane(device, each, load, device_count) for each in device.processes))


@dataclass(frozen=True)
class _Load:
    """What a machine carries, as multiples of the peaks of its processes [-]: at the `confidence` that was asked for
    (`sure`), centrally, and at the ends of the 80 % interval of the step times."""

    sure: float
    central: float
    low: float
    high: float
    confidence: float


def _lane(device: _Device, each: _Process, load: _Load, device_count: int) -> Lane:
    """Return the lane of one process."""
    cautious, count = deviates_at(load.confidence), len(device.processes)
    one = replace(each.candidate, turns=device.turns(each, load.sure, cautious))
    planned = float(1.0 / np.ceil(1.0 / load.sure * (1.0 - 1e-9)))  # of the load that each of so many machines gets
    per_replica = each.tenant.peak_per_s / each.replicas
    central = load.central * per_replica
    goodput = Goodput(
        rate_per_s=central,
        low=central,
        high=central,
        capacity_per_s=each.alone_per_s / each.replicas,
        attainment=device.attainment(each, load.sure, 0.0),
        binding="sharing",
        reason=f"beside {count - 1} other processes: at more, somebody's limits would not be kept",
        points=(),
    )
    rate = Estimate(central, load.low * per_replica, load.high * per_replica, one.step.basis)
    weight = float(load.central * each.tenant.peak_per_s / each.alone_per_s)
    where = "the device" if device_count == 1 else f"all {device_count} devices"
    return Lane(
        workload=each.tenant.name,
        performance=ReplicaPerformance(one, goodput, rate, load.sure * per_replica, load.confidence),
        replicas=each.replicas,
        devices=device_count,
        words=f"by turns on {where}",
        weight=min(weight, 1.0),
        stretch=device.turns(each, planned, cautious).stretch,
        worst=worst_stretch(count),
    )


def _deployment(performance: ReplicaPerformance | None) -> Deployment:
    assert performance is not None
    return performance.candidate.deployment


def _memory_shares(
    tenants: Sequence[Tenant], deployments: Mapping[str, Deployment], memory_bytes: float
) -> dict[str, float] | str:
    """Return the share of a device's memory that each process may use, or why there is too little.

    Weights and activations of all of them lie on the device; what is left is divided among those with a cache.
    """
    need = {}
    for name, deployment in deployments.items():
        memory = fit(deployment)
        need[name] = memory.weights_bytes + memory.activation_bytes
    left = memory_bytes - sum(need.values()) - CONTEXT_BYTES * len(tenants)
    if left <= 0.0:
        parts = ", ".join(f"{name} {each / 1e9:.1f}" for name, each in need.items())
        total = (sum(need.values()) + CONTEXT_BYTES * len(tenants)) / 1e9
        return f"together they take {total:.1f} GB of each device ({parts}), which has {memory_bytes / 1e9:.1f} GB"
    caching = [each.name for each in tenants if not each.model.one_pass]
    spare = left * 0.02  # rounding, and what allocators lose
    shares = {}
    for name, each in need.items():
        more = (left - spare) / len(caching) if name in caching else spare / len(tenants)
        shares[name] = (each + more) / memory_bytes
    return shares
