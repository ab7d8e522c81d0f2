"""What a serving point's protocol makes of step times: TTFT, TPOT and throughput in closed form, many points at once.

A closed loop of C requests is a balance: D of them decode while the others wait or are prefilled, each finished request
starts a new prompt, and every prompt delays those that decode. The balance is solved by a few substitutions; on the
calibration points it agrees with the simulator on means (docs/step-time.md, "Mean field"). All arrays have one entry
per point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from millwright.measure.points import Load, Phase, ServingPoint
from millwright.measure.resolve import ResolvedPoint
from millwright.measure.rigs import Settings, held_steps, rig_of, server_settings
from millwright.measure.tasks import Window, known_tasks
from millwright.perf.coefficients import ProtocolCoefficients
from millwright.perf.deployment import Deployment
from millwright.perf.engines import engine_profile
from millwright.perf.memory import memory_fit
from millwright.perf.operators import step_operators
from millwright.perf.residual import coordinates
from millwright.perf.timing import (
    Coefficients,
    Floats,
    Stack,
    eager_host_s,
    head_time_s,
    kv_slope_s,
    pair_slope_s,
    product_floor_s,
    sequence_slope_s,
    stack_operators,
    token_time_s,
)

Rows = NDArray[np.int64]

RUN_LENGTH = 10.0
"""Requests of a closed-loop run per request in flight (InferenceMAX and its kin send ten times the concurrency)."""

_KV_GROWTH_SHARE = 0.6
"""Share of its output that a sequence's cache holds when one decides how many fit: half on average, and some margin."""

_LEAST_CACHE_SHARE = 0.06
"""Share of the devices' memory taken to be cache although sums leave less: nobody measures a server without room."""

_STALL_USERS = 16.0
"""Concurrency for which `warm_s` is stated."""

_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Points:
    """Points as arrays: the protocol's figures, and the operators of the deployment that decodes and that prefills."""

    decode: Stack
    prefill: Stack
    level: Floats  # per replica: concurrency, batch, or requests per second
    input_tokens: Floats
    output_tokens: Floats
    depth_tokens: Floats
    closed: NDArray[np.bool_]
    loop: NDArray[np.bool_]  # a closed loop of one deployment at a stated concurrency
    finite: NDArray[np.bool_]  # a closed loop with a start and an end in its figures
    equal: NDArray[np.bool_]  # a closed loop whose lengths are all equal
    static: NDArray[np.bool_]
    burst: NDArray[np.bool_]
    rate: NDArray[np.bool_]
    prefill_only: NDArray[np.bool_]
    prefill_first: NDArray[np.bool_]
    split: NDArray[np.bool_]  # disaggregated
    fit_sequences: Floats  # how many fit into the replica's cache
    budget_tokens: Floats
    replicas: Floats
    prefill_replicas: Floats
    tokens_per_step: Floats  # of one sequence: above 1 under speculative decoding
    polled_steps: Floats  # decode steps between two looks for new prompts, less the one that always passes
    batched_steps: Floats  # decode steps for which prompts are collected, from the first that waits
    graph_tokens: Floats  # steps with prompts of at most so many tokens are captured graphs
    cold: NDArray[np.bool_]  # a run whose first requests are the server's first
    window: NDArray[np.bool_]  # measured within a run of which all requests wait at the server from the start
    window_prompts: Floats  # prompts computed in what is measured, relative to one per answer's tokens
    answered_share: Floats  # of its answer, what a decoding sequence has so far, on average

    def __len__(self) -> int:
        return len(self.level)


@dataclass(frozen=True, slots=True)
class Predicted:
    """Means of the predicted points: seconds, and tokens per second over all replicas. Floors are rooflines."""

    ttft_s: Floats
    tpot_s: Floats
    output_per_s: Floats
    decoding: Floats  # sequences that decode at once, per replica
    tpot_floor_s: Floats
    shares: Floats  # (points, 3): share of TPOT that is decode products and gaps, cache reading, prompts of others


def take_points(points: Points, rows: Rows) -> Points:
    """Return some of the points, in the order of `rows`, each as often as it is named."""
    found: dict[str, object] = {}
    for each in fields(Points):
        value = getattr(points, each.name)
        if isinstance(value, Stack):
            found[each.name] = replace(value, **{one.name: getattr(value, one.name)[rows] for one in fields(Stack)})
        else:
            found[each.name] = value[rows]
    return Points(**found)  # type: ignore[arg-type]


def as_in_theory(protocol: ProtocolCoefficients) -> ProtocolCoefficients:
    """Return the protocol with every wait as theory has it and no wave after the first; requests and stalls stay."""
    one, nothing = np.ones_like(protocol.request_s), np.zeros_like(protocol.request_s)
    return replace(protocol, interference=one, wait=one, burst=one, lockstep=nothing, drain=one)


SPECULATIVE_TOKENS = 1.9
"""Tokens per step and sequence assumed under speculative decoding with unstated acceptance (MTP, one draft)."""


def arrange_points(resolved: Sequence[ResolvedPoint]) -> Points:
    """Return resolved points as arrays."""
    points = [each.point for each in resolved]
    decode = [each.deployment for each in resolved]
    prefill = [each.prefill or each.deployment for each in resolved]
    windows = [measured_window(each) for each in points]
    contexts = [_context(each) for each in points]
    prompts = [each.input_tokens + each.context_tokens for each in points]
    fit = np.array([_fitting_sequences(each, point) for each, point in zip(decode, points, strict=True)])
    replicas = np.array([float(each.replicas) for each in resolved])
    level = np.array([_level(each.point, each.deployment, room) for each, room in zip(resolved, fit, strict=True)])
    load = [each.load for each in points]
    phase = np.array([each.phase is Phase.PREFILL for each in points])
    static = np.array([each in (Load.STATIC,) for each in load])

    def load_is(*kinds: Load) -> NDArray[np.bool_]:
        return np.array([each in kinds for each in load])

    steady = np.array([not each.protocol for each in points])  # no benchmark is named: a service, not a run
    profiles = [engine_profile(each.engine.name) for each in decode]
    settings = [settings_of(each) for each in resolved]
    held = np.array([held_steps(one, each) for one, each in zip(settings, points, strict=True)]).reshape(-1, 2)
    decode_stack = stack_operators([step_operators(d, c) for d, c in zip(decode, contexts, strict=True)])
    prefill_stack = stack_operators([step_operators(d, c) for d, c in zip(prefill, prompts, strict=True)])
    offline = load_is(Load.OFFLINE)
    return Points(
        decode=decode_stack,
        prefill=prefill_stack,
        level=np.where(offline, level, level / replicas),
        input_tokens=np.array([each.input_tokens for each in points]),
        output_tokens=np.array([max(each.output_tokens, 1.0) for each in points]),
        depth_tokens=np.array([each.context_tokens for each in points]),
        closed=load_is(Load.CLOSED, Load.SATURATED, Load.OFFLINE, Load.BURST),
        loop=load_is(Load.CLOSED) & np.array([each.prefill is None for each in resolved]) & ~phase,
        finite=(load_is(Load.CLOSED) & ~steady) | load_is(Load.BURST),
        equal=load_is(Load.CLOSED) & ~steady & np.array([each.spread == 0.0 for each in points]),
        static=static,
        burst=load_is(Load.BURST),
        rate=load_is(Load.RATE),
        prefill_only=phase,
        prefill_first=np.array([each.prefill_first for each in profiles]),
        split=np.array([each.prefill is not None for each in resolved]),
        fit_sequences=fit,
        budget_tokens=np.array([float(each.limits.max_num_batched_tokens) for each in decode]),
        replicas=replicas,
        prefill_replicas=np.array([float(max(1, each.prefill_replicas)) for each in resolved]),
        tokens_per_step=np.array([SPECULATIVE_TOKENS if each.speculative else 1.0 for each in points]),
        polled_steps=held[:, 0],
        batched_steps=held[:, 1],
        graph_tokens=np.array([0.0 if each is None else float(each.graph_tokens) for each in settings]),
        cold=np.array([_is_cold(each) for each in points]),
        window=np.array([each is not None for each in windows]),
        window_prompts=np.array([1.0 if each is None else each.prompts for each in windows]),
        answered_share=np.array([0.5 if each is None else each.age for each in windows]),
    )


def settings_of(resolved: ResolvedPoint) -> Settings | None:
    """Return how a point's benchmark started its server; None where that is not known or it was disaggregated."""
    if resolved.prefill is not None:
        return None
    deployment = resolved.deployment
    return server_settings(resolved.point, deployment.device, deployment.model, deployment.weights)


def measured_window(point: ServingPoint) -> Window | None:
    """Return which part of its run a point measures, None where that is not told or it is the whole."""
    task = known_tasks().get(point.protocol)
    if task is None or point.load is not Load.SATURATED or point.level is None:
        return None
    return task.window(point.level)


def _is_cold(point: ServingPoint) -> bool:
    rig = rig_of(point)
    return rig is None or not rig.warmed(point)


def _context(point: ServingPoint) -> float:
    return point.context_tokens + point.input_tokens + point.output_tokens / 2.0


def kept_tokens(point: ServingPoint) -> float:
    """Return the tokens of cache that a request is taken to need when one decides how many fit."""
    return point.context_tokens + point.input_tokens + _KV_GROWTH_SHARE * point.output_tokens


def _fitting_sequences(deployment: Deployment, point: ServingPoint) -> float:
    fit = memory_fit(deployment, 8192)
    kept = kept_tokens(point)
    room = float(fit.max_sequences(kept, max(1, deployment.dp)))
    least = _LEAST_CACHE_SHARE * (deployment.device.memory_bytes or 0.0) / max(fit.kv_bytes_per_token, 1.0)
    rig = rig_of(point)
    running = 0.0 if rig is None else rig.least_running * (point.level or 0.0)
    return max(1.0, room, least * max(1, deployment.dp) / kept, running)


def _level(point: ServingPoint, deployment: Deployment, room: float) -> float:
    if point.load is Load.OFFLINE:
        return float(min(room, deployment.limits.max_num_seqs * max(1, deployment.dp)))
    if point.level is None:
        return 0.1 if point.load is Load.RATE else 16.0 * deployment.device_count
    return max(point.level, 1e-6)


def predict_means(
    points: Points, step: Coefficients, prefill_step: Coefficients, fit: ProtocolCoefficients
) -> Predicted:
    """Return mean TTFT, TPOT and throughput of points under the given coefficients."""
    model = _StepModel(points, step, prefill_step)
    inputs, outputs = points.input_tokens, points.output_tokens
    gaps = np.maximum(outputs - 1.0, 1.0)  # decode steps per request, times tokens_per_step
    context = points.depth_tokens + inputs + outputs * points.answered_share
    users = np.where(points.rate, 1.0, points.level)
    room = np.where(points.static, np.inf, points.fit_sequences)
    active = np.minimum(users, room)  # sequences in the running batch
    decoding = np.where(points.static, users, np.maximum(active * 0.97, np.minimum(active, 1.0)))

    lone_prefill = model.prompt_s(inputs)
    step_s = delay = wait = held = prompt = gap_s = np.zeros_like(inputs)
    for _ in range(_ROUNDS):
        step_s = model.decode_s(decoding, context)
        arriving = decoding / gaps * points.tokens_per_step * points.window_prompts
        arriving = np.where(points.split | points.static, 1.0, arriving)
        prompt, delay = model.mixed_prompt_s(decoding, context, step_s, arriving)
        together = np.where(points.equal, np.minimum(fit.lockstep, 1.0), 0.0)
        felt = fit.interference * (
            1.0 - together / 2.0
        )  # of a wave, each waits for those before and delays those after
        delay = np.where(points.static | points.split | points.prefill_only, 0.0, delay * felt)
        others = np.where(points.rate, decoding, decoding * (1.0 - 1.0 / np.maximum(active, 1.0)))
        per_token = points.tokens_per_step
        gap_s = (step_s + others * points.window_prompts * delay / gaps * per_token) / per_token
        service, busy, wait = _prompt_wait(points, fit, decoding, gaps, gap_s, prompt, lone_prefill)
        wait, service = np.where(points.window, 0.0, wait), service * points.window_prompts
        held = held_s(points, decoding / gaps * per_token, gap_s * per_token)
        decode_time = gaps * gap_s
        if points.rate.any():
            in_flight = points.level * decode_time
            users = np.where(points.rate, in_flight, users)
            active = np.minimum(np.where(points.rate, np.maximum(in_flight, 0.05), active), room)
        slots = np.where(points.split & (busy >= 1.0), _prefill_bound(points, lone_prefill) * decode_time, active)
        share = decode_time / (decode_time + np.where(points.split, wait + service, wait * 0.5 + held + service))
        new = np.where(points.static | points.rate, active, np.minimum(slots, active) * share)
        decoding = 0.5 * decoding + 0.5 * np.maximum(new, np.minimum(active, 0.05))

    return _outcome(
        points, fit, model, decoding, active, context, gap_s, step_s, prompt, delay, wait + held, lone_prefill
    )


def held_s(points: Points, arriving: Floats, step_s: Floats) -> Floats:
    """Return for how long a prompt is held back [s] where `arriving` prompts come per step of `step_s` [s].

    Looked for once in n steps, it waits half of them. Collected for n steps, the first waits for all and those who come
    meanwhile for half on average.
    """
    joining = points.batched_steps * arriving
    collected = points.batched_steps * (1.0 - 0.5 * joining / (1.0 + joining))
    return np.asarray((0.5 * points.polled_steps + collected) * step_s)


def first_wave_stall_s(fit: ProtocolCoefficients, users: Floats) -> Floats:
    """Return the stall of a run's first requests [s]: kernels compiled and graphs captured only then."""
    return np.asarray(fit.warm_s * (np.maximum(users, 1.0) / _STALL_USERS) ** fit.warm_growth)


def _prefill_bound(points: Points, lone: Floats) -> Floats:
    return points.prefill_replicas / points.replicas / np.maximum(lone, 1e-9)


def _prompt_wait(
    points: Points,
    fit: ProtocolCoefficients,
    decoding: Floats,
    gaps: Floats,
    gap_s: Floats,
    prompt: Floats,
    lone: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Return (service, utilisation of prefill, wait) of a prompt in the steady state."""
    rate = decoding / np.maximum(gaps * gap_s, 1e-9)
    service = np.where(points.split, lone + fit.transfer_s, prompt)
    busy_split = rate * points.replicas / points.prefill_replicas * lone
    busy = np.where(points.split, busy_split, np.minimum(rate * lone, 0.95))
    calm = np.minimum(busy, 0.9)
    wait = 0.5 * gap_s + 0.5 * calm / (1.0 - calm) * lone
    return service, busy, fit.wait * np.where(points.split, 0.5 * calm / (1.0 - calm) * lone, wait)


def _outcome(
    points: Points,
    fit: ProtocolCoefficients,
    model: _StepModel,
    decoding: Floats,
    active: Floats,
    context: Floats,
    gap_s: Floats,
    step_s: Floats,
    prompt: Floats,
    delay: Floats,
    wait: Floats,
    lone: Floats,
) -> Predicted:
    inputs, outputs = points.input_tokens, points.output_tokens
    gaps = np.maximum(outputs - 1.0, 0.0)
    decode_time = gaps * gap_s
    service = np.where(points.split, lone + fit.transfer_s, prompt)
    steady = np.where(points.window, service * points.window_prompts, fit.request_s + wait + service)
    bound = _prefill_bound(points, lone)
    users = np.where(points.rate, active, points.level)
    offered = np.minimum(active / np.maximum(decode_time + steady, 1e-9), np.where(points.split, bound, np.inf))
    queued = np.maximum(users / np.maximum(offered, 1e-12) - decode_time - steady, 0.0)
    queued = np.where(points.static | points.rate, 0.0, queued)
    wave_users = np.minimum(users, np.where(points.split, users, active)) * np.where(
        points.split, points.replicas / points.prefill_replicas, 1.0
    )
    per_prompt = model.burst_prompt_s(inputs, np.minimum(wave_users, 1e6))
    stall = first_wave_stall_s(fit, wave_users) * np.where(points.cold, 1.0, fit.stall_left)
    wave = fit.request_s + fit.burst * per_prompt * (wave_users - 1.0) / 2.0 + prompt + stall
    first = np.where(points.burst, 1.0, np.where(points.finite, 1.0 / RUN_LENGTH, 0.0))
    together = (1.0 - first) * np.where(points.equal, np.minimum(fit.lockstep, 1.0), 0.0)
    later = fit.request_s + per_prompt * (wave_users - 1.0) / 2.0 + prompt
    ttft = steady + queued * (1.0 - first) + first * np.maximum(wave - steady, 0.0)
    ttft = ttft + together * np.maximum(later - steady - queued, 0.0)
    batch_prompt = model.batch_prompt_s(inputs, points.level)
    ttft = np.where(points.static, fit.request_s + batch_prompt, ttft)
    cycle = decode_time + np.where(points.finite & ~points.burst, ttft, steady + queued)
    cycle = np.where(points.static, decode_time + batch_prompt + fit.request_s * 0.0, cycle)
    endless = points.loop & ~points.finite
    kept = np.where(points.closed & ~endless, fit.drain, 1.0)
    per_s = np.where(points.rate, np.minimum(points.level, users / np.maximum(cycle, 1e-9)), users / cycle)
    throughput = points.replicas * per_s * outputs * kept
    floor = model.decode_floor_s(decoding, context) / points.tokens_per_step
    tpot = np.maximum(gap_s, floor)
    kv = decoding * context * model.kv_s / points.tokens_per_step
    shares = np.stack(
        [(step_s / points.tokens_per_step - kv) / gap_s, kv / gap_s, 1.0 - step_s / points.tokens_per_step / gap_s],
        axis=1,
    )
    return Predicted(ttft, tpot, throughput, decoding, floor, shares)


class _StepModel:
    """Step times of the points' deployments at any number of tokens; slopes are taken once."""

    def __init__(self, points: Points, step: Coefficients, prefill_step: Coefficients) -> None:
        self.points, self.step, self.prefill_step = points, step, prefill_step
        self.kv_s, self.kv_floor = kv_slope_s(points.decode, step)
        self.pair_s = pair_slope_s(points.prefill, prefill_step)[0]
        self.seq_s = sequence_slope_s(points.decode, step)
        one = np.ones((len(points), 1))
        self.head_s = head_time_s(points.decode, one, step)[:, 0]
        self.head_slope = (head_time_s(points.decode, one * 512.0, step)[:, 0] - self.head_s) / 511.0
        self.prefill_head = head_time_s(points.prefill, one, prefill_step)[:, 0]
        self.eager_decode = eager_host_s(points.decode, step)
        self.eager_prefill = eager_host_s(points.prefill, prefill_step)

    def decode_s(self, sequences: Floats, context: Floats) -> Floats:
        """Return the time of a decode-only step."""
        tokens = np.maximum(sequences * self.points.tokens_per_step, 1.0)
        device = token_time_s(self.points.decode, tokens[:, None], self.step)[:, 0] + self.head_s
        attention = np.maximum(sequences, 1.0) * (context * self.kv_s + self.seq_s + self.head_slope)
        return device + self.step.host_step_s + attention

    def prefill_stack(self, prompts: Floats, inputs: Floats, alongside: Floats | float) -> tuple[Stack, Floats]:
        """Return the prefill side's operators as its fullest attention rank sees them, and that rank's pairs factor.

        Data-parallel attention deals out whole prompts: a step of few prompts loads some ranks and idles the others.
        """
        stack = self.points.prefill
        ranks = stack.attention_ranks
        fullest = np.maximum(np.ceil(prompts / ranks - 1e-9), np.minimum(prompts, 1.0)) * ranks
        load = (fullest * inputs + alongside) / np.maximum(prompts * inputs + alongside, 1e-9)
        load = np.clip(load, 1.0, ranks)
        return replace(stack, rank_share=stack.rank_share * load), np.clip(fullest / prompts, 1.0, ranks)

    def launches_s(self, tokens: Floats) -> Floats:
        """Return the host's time for launching the kernels of a step with prompts one by one, 0 in a captured graph."""
        return np.where(tokens <= self.points.graph_tokens, 0.0, self.eager_prefill)

    def prompt_s(self, tokens: Floats) -> Floats:
        """Return the time of a prefill step of its own that computes one prompt of `tokens`."""
        return self.prompt_chunk_s(tokens, tokens)

    def mixed_prompt_s(
        self, sequences: Floats, context: Floats, step_s: Floats, arriving: Floats
    ) -> tuple[Floats, Floats]:
        """Return (time of the steps that compute a prompt, delay they add per prompt to those who decode).

        `arriving` prompts per step are computed together as far as the token budget allows.
        """
        points = self.points
        inputs, budget = points.input_tokens, points.budget_tokens * points.prefill.attention_ranks
        chunk = np.minimum(np.maximum(arriving, 1.0) * inputs, np.maximum(budget - sequences, budget / 2.0))
        prompts = chunk / inputs
        alongside = np.where(points.prefill_first | points.split, 0.0, sequences)
        stack, crowding = self.prefill_stack(prompts, inputs, alongside)
        total = np.maximum(chunk + alongside, 1.0)
        device = token_time_s(stack, total[:, None], self.prefill_step)[:, 0]
        device = device + np.where(alongside > 0, self.head_s, self.prefill_head)
        pairs = inputs * (inputs / 2.0 + points.depth_tokens) * self.pair_s * prompts * crowding
        attention = alongside * (context * self.kv_s + self.seq_s + self.head_slope)
        step = np.cbrt((device + pairs + attention) ** 3 + self.launches_s(total) ** 3) + self.prefill_step.host_step_s
        added = np.maximum(step - np.where(alongside > 0, step_s, 0.0), 0.0)
        return step * np.maximum(1.0 / prompts, 1.0), added / prompts

    def burst_prompt_s(self, inputs: Floats, users: Floats) -> Floats:
        """Return the time per prompt while a queue of them keeps the budget full."""
        budget = self.points.budget_tokens * self.points.prefill.attention_ranks
        return self.prompt_chunk_s(inputs, np.minimum(users * inputs, budget))

    def batch_prompt_s(self, inputs: Floats, batch: Floats) -> Floats:
        """Return the time to prefill a whole batch together."""
        return self.prompt_chunk_s(inputs, np.maximum(batch, 1.0) * inputs) * np.maximum(batch, 1.0)

    def prompt_chunk_s(self, inputs: Floats, chunk: Floats) -> Floats:
        """Return the time per prompt when steps compute `chunk` tokens."""
        prompts = np.maximum(chunk, 1.0) / inputs
        stack, crowding = self.prefill_stack(prompts, inputs, 0.0)
        device = token_time_s(stack, np.maximum(chunk, 1.0)[:, None], self.prefill_step)[:, 0]
        pairs = inputs * (inputs / 2.0 + self.points.depth_tokens) * self.pair_s * prompts * crowding
        step = np.cbrt((device + self.prefill_head + pairs) ** 3 + self.launches_s(chunk) ** 3)
        return np.asarray((step + self.prefill_step.host_step_s) / prompts)

    def decode_floor_s(self, sequences: Floats, context: Floats) -> Floats:
        """Return the roofline of a decode-only step."""
        tokens = np.maximum(sequences, 1.0)[:, None]
        products = product_floor_s(self.points.decode, tokens, tokens, (tokens[:, 0] * context)[:, None])
        return products[:, 0]


def coordinates_of(points: Points) -> Floats:
    """Return (points, 4): where points lie for the residual correction."""
    ranks = points.decode.collective_ranks / np.maximum(points.decode.rank_share, 1e-3)
    return coordinates(points.level, points.input_tokens, points.output_tokens, ranks)
