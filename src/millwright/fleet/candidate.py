"""A candidate: a deployment that fits, how long its steps take, and how it serves requests."""

from __future__ import annotations

import math
from dataclasses import dataclass

from millwright.fleet.turns import Turns
from millwright.perf.deployment import Deployment
from millwright.perf.memory import MemoryFit
from millwright.perf.step_time import StepTime
from millwright.simulate.cluster import Member
from millwright.simulate.disaggregated import KvLink, simulate_disaggregated
from millwright.simulate.load import GiveUp, simulate_open
from millwright.simulate.outcomes import RequestOutcomes
from millwright.traffic.requests import Requests

CandidateKey = tuple[object, ...]


@dataclass(frozen=True)
class PromptPool:
    """Replicas that compute prompts alone and send their cache over `link` to those that answer."""

    deployment: Deployment
    memory: MemoryFit
    step: StepTime
    replicas: int
    answering: int
    """Replicas that answer: so many of the candidate's own deployment."""
    link: KvLink


@dataclass(frozen=True)
class Candidate:
    """A deployment that fits, its step time, and an upper bound on what one of its devices could serve [1/s].

    With `prompts` the replica is disaggregated: `deployment` answers, `prompts.deployment` computes the prompts. With
    `turns` other processes share its devices.
    """

    deployment: Deployment
    memory: MemoryFit
    step: StepTime
    bound_per_device_per_s: float
    prompts: PromptPool | None = None
    turns: Turns | None = None

    @property
    def device_count(self) -> int:
        """Devices of one replica, both pools of a disaggregated one."""
        own = self.deployment.device_count
        if self.prompts is None:
            return own
        return self.prompts.answering * own + self.prompts.replicas * self.prompts.deployment.device_count

    @property
    def key(self) -> CandidateKey:
        """What tells the candidates of one workload apart."""
        own = deployment_key(self.deployment)
        if self.turns is not None:
            own = (*own, id(self.turns), self.deployment.memory_fraction)
        if self.prompts is None:
            return own
        return *own, self.prompts.answering, self.prompts.replicas, *deployment_key(self.prompts.deployment)

    def serve(self, requests: Requests, give_up: GiveUp | None = None, deviates: float = 0.0) -> RequestOutcomes:
        """Return what becomes of `requests` on one replica, with step times `deviates` standard deviations longer."""
        step = slower(self.step, deviates) if deviates else self.step
        limits, capacity = self.deployment.limits, self.memory.kv_capacity_tokens
        if self.turns is not None:
            own = simulate_open(self.turns.on_own_clock(requests), step, limits, capacity)
            return self.turns.on_wall_clock(own, requests.arrival_s)
        if self.prompts is None:
            return simulate_open(requests, step, limits, capacity, give_up=give_up)
        pool = self.prompts
        pool_step = slower(pool.step, deviates) if deviates else pool.step
        return simulate_disaggregated(
            requests,
            [Member(pool_step, pool.deployment.limits, pool.memory.kv_capacity_tokens)] * pool.replicas,
            [Member(step, limits, capacity)] * pool.answering,
            pool.link,
        )


@dataclass(frozen=True)
class Unfit:
    """A deployment that does not fit, and why."""

    deployment: Deployment
    reason: str


def deployment_key(deployment: Deployment) -> CandidateKey:
    """Return what tells two deployments of one model apart."""
    limits = deployment.limits
    own = (
        deployment.device.id,
        str(deployment.weights),
        str(deployment.kv),
        deployment.engine.name,
        deployment.tp,
        deployment.pp,
        deployment.ep,
        deployment.dp,
        deployment.dp_attention,
        limits.max_num_seqs,
        limits.max_num_batched_tokens,
    )
    return own if deployment.draft is None else (*own, deployment.draft.key)


def slower(step: StepTime, deviates: float) -> StepTime:
    """Return `step` with its times `deviates` standard deviations longer on the logarithm (negative: shorter)."""
    return step.stretched(math.exp(deviates * step.prefill_log_sigma), math.exp(deviates * step.decode_log_sigma))
