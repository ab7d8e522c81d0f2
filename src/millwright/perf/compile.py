"""Compile a deployment's step time: all its operators into one table over the step's tokens and a few slopes.

This is the equations and coefficients alone; `measure.deployed` adds the correction that measured points call for."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from millwright.perf.calibration import NO_CORRECTION, Calibration, calibrated_basis, calibration_note, scaled
from millwright.perf.coefficients import deployment_labels, shipped_coefficients
from millwright.perf.deployment import Deployment
from millwright.perf.drafter import draft_deployment
from millwright.perf.knowledge import BASIS_OF_NOVELTY, shipped_knowledge
from millwright.perf.operators import StepOperators, step_operators
from millwright.perf.speculation import Speculation
from millwright.perf.step_time import StepTime
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
from millwright.quantity import Basis

USUAL_RIG = "inferencex"
"""Compiled deployments are taken to be set up as well as InferenceMAX's, by which most points were measured."""

_GRID_FINE = 33
_GRID_COARSE = 22


def token_grid(max_tokens: int) -> Floats:
    """Return the token counts at which steps are timed: every one to 32, then geometric to `max_tokens`."""
    last = max(max_tokens, _GRID_FINE)
    coarse = np.geomspace(_GRID_FINE, last, _GRID_COARSE)
    return np.unique(np.concatenate([np.arange(1.0, _GRID_FINE), np.round(coarse)]))


def compile_step_time(
    deployment: Deployment, *, context_tokens: float, calibration: Calibration | None = None
) -> StepTime:
    """Return the step time of a deployment as a table over tokens and slopes (see `StepTime`).

    `context_tokens` [token] is the usual context of a decoding sequence: it sets what sliding windows and sparse
    attention read per cached token. Nothing is refused: an unknown device, engine or model takes its parent's
    coefficients, and the basis and spread say so. A `calibration` corrects what it covers, never below the roofline.
    """
    operators = step_operators(deployment, context_tokens)
    stack = stack_operators([operators])
    labels = deployment_labels(deployment) | {"rig": USUAL_RIG}
    labels["engine-rig"] = f"{labels['engine']}|{USUAL_RIG}"
    fit = shipped_coefficients()
    found = calibration.of(deployment) if calibration is not None else None
    correction = found or NO_CORRECTION
    decode_log, prefill_log, request_log = correction.logs
    coefficients = scaled(fit.resolve([labels]), np.exp([decode_log]))
    prefill_coefficients = scaled(fit.resolve([labels]), np.exp([prefill_log]))
    limit = max(deployment.limits.max_num_batched_tokens, deployment.limits.max_num_seqs)
    grid = token_grid(limit)
    decode, _, head_slope = step_times_s(stack, grid[None, :], coefficients)
    _, prefill, _ = step_times_s(stack, grid[None, :], prefill_coefficients)
    floor = product_floor_s(stack, grid[None, :], np.ones((1, 1)), np.zeros((1, 1)))
    decode, prefill = np.maximum(decode, floor), np.maximum(prefill, floor)
    queries = 1 if deployment.draft is None else 1 + deployment.draft.tokens
    kv_s, kv_floor_s = kv_slope_s(stack, coefficients, queries)
    pair_s, pair_floor_s = pair_slope_s(stack, prefill_coefficients)
    tokens = np.arange(limit + 1, dtype=np.float64)
    shipped = basis = deployment_basis(labels, operators)
    if found is not None:
        basis = calibrated_basis(shipped, found, deployment)
        shipped = shipped if found.model else basis
    decode_sigma, prefill_sigma = (
        spreads[_sigma_key(shipped)] for spreads in (fit.decode_log_sigma, fit.prefill_log_sigma)
    )
    step = StepTime(
        tokens_s=time_table(tokens, grid, prefill[0]),
        decode_tokens_s=time_table(tokens, grid, decode[0]),
        kv_s=float(max(kv_s[0], kv_floor_s[0])),
        prefill_s=float(max(pair_s[0], pair_floor_s[0])),
        seq_s=float(sequence_slope_s(stack, coefficients)[0] + queries * head_slope[0]),
        request_s=float(fit.resolve_protocol([labels]).request_s[0]) * math.exp(request_log),
        decode_log_sigma=correction.spread(decode_sigma, correction.decode_spread),
        prefill_log_sigma=correction.spread(prefill_sigma, correction.prefill_spread),
        basis=basis,
        calibrated="" if found is None or calibration is None else calibration_note(found, calibration),
    )
    return with_drafting(step, deployment, context_tokens, grid, coefficients, prefill_coefficients)


def with_drafting(
    step: StepTime,
    deployment: Deployment,
    context_tokens: float,
    grid: Floats,
    coefficients: Coefficients,
    prefill_coefficients: Coefficients,
) -> StepTime:
    """Return `step` with what the deployment's draft adds to it; without a draft as it is.

    The draft follows every token that the model takes in: prompts, and those that a step verifies. That is its first
    pass of a step; each further token it proposes takes another pass, over one token of each sequence. With n sequences
    decoding and k tokens drafted, x(n) the time of a pass without logits and l(n) that of the draft's logits:

        tokens_s[m] + x(m)      decode_tokens_s[m] + x(m)      draft_s[n] = k·l(n) + (k − 1)·x(n)

    Its own cache is read k times. Passes of a draft are captured with the step, so no host time is added. That fewer
    tokens are accepted than assumed is as if steps took longer: their spread is widened by it.
    """
    draft = deployment.draft
    if draft is None:
        return step
    step = replace(step, decode_log_sigma=math.hypot(step.decode_log_sigma, draft.log_sigma))
    drafter, most = draft_deployment(deployment), min(deployment.limits.max_num_seqs, len(step.tokens_s) - 1)
    if drafter is None:
        return replace(step, speculation=Speculation(draft, np.zeros(most + 1)))
    stack = stack_operators([step_operators(drafter, context_tokens)])
    tokens = np.arange(len(step.tokens_s), dtype=np.float64)
    decode_s = time_table(tokens, grid, token_time_s(stack, grid[None, :], coefficients)[0])
    prefill_s = time_table(tokens, grid, token_time_s(stack, grid[None, :], prefill_coefficients)[0])
    logits_s = time_table(tokens, grid, head_time_s(stack, grid[None, :], coefficients)[0])[: most + 1]
    draft_s = draft.tokens * logits_s + (draft.tokens - 1) * decode_s[: most + 1]
    return replace(
        step,
        tokens_s=step.tokens_s + prefill_s,
        decode_tokens_s=step.decode_tokens_s + decode_s,
        kv_s=step.kv_s + draft.tokens * float(kv_slope_s(stack, coefficients)[0][0]),
        prefill_s=step.prefill_s + float(pair_slope_s(stack, prefill_coefficients)[0][0]),
        speculation=Speculation(draft, np.ascontiguousarray(draft_s)),
    )


def step_floor_s(deployment: Deployment, context_tokens: float, tokens: int) -> tuple[Floats, float, float]:
    """Return the roofline of a step: of 0 to `tokens` - 1 tokens [s], per cached token read, and per pair of prefill.

    One sequence's logits and no cache are in the first; slopes come on top.
    """
    stack = stack_operators([step_operators(deployment, context_tokens)])
    grid = token_grid(tokens - 1)
    floor = product_floor_s(stack, grid[None, :], np.ones((1, 1)), np.zeros((1, 1)))
    memory_s, compute_s = stack.kv_bytes / stack.bandwidth, stack.kv_flop / stack.attention_peak
    kv_s = np.maximum(memory_s, compute_s) * stack.rank_share
    pair_s = stack.pair_flop / stack.attention_peak * stack.rank_share
    table = time_table(np.arange(tokens, dtype=np.float64), grid, floor[0])
    if deployment.item_tokens:  # a token meets those of its own sequence alone, however many a request has
        table = table + float(pair_s[0]) * deployment.item_tokens / 2.0 * np.arange(tokens)
        pair_s = np.zeros(1)
    return table, float(kv_s[0]), float(pair_s[0])


def step_times_s(
    stack: Stack, tokens: Floats, coefficients: Coefficients, graph_tokens: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Return (decode, prefill, head slope): step times [s] over `tokens`, and what each sequence's logits add [s].

    The head's weights are read once per step and belong to the table; the rest grows with the sequences. Steps with
    prompts of up to `graph_tokens` (deployments,) are captured graphs too (None: none of them).
    """
    many = np.full((len(stack), 1), 512.0)
    one = head_time_s(stack, np.ones((len(stack), 1)), coefficients)
    slope = ((head_time_s(stack, many, coefficients) - one) / 511.0)[:, 0]
    device = token_time_s(stack, tokens, coefficients) + one
    host = coefficients.host_step_s[:, None]
    eager = eager_host_s(stack, coefficients)[:, None]
    if graph_tokens is not None:
        eager = np.where(tokens <= graph_tokens[:, None], 0.0, eager)
    prefill = np.cbrt(device**3 + eager**3)  # host and device overlap: their maximum, with a rounded corner
    return device + host, prefill + host, slope


def deployment_basis(labels: dict[str, str | float], operators: StepOperators) -> Basis:
    """Return how well founded a step time is: by whether the fit has seen the device and the model."""
    if operators.assumed:
        return Basis.ASSUMED
    return BASIS_OF_NOVELTY[shipped_knowledge().novelty(labels)]


def _sigma_key(basis: Basis) -> str:
    return basis.value if basis in (Basis.FITTED, Basis.EXTRAPOLATED) else Basis.DATASHEET.value


def time_table(tokens: Floats, grid: Floats, times: Floats) -> Floats:
    """Return the times [s] of steps of `tokens`, never falling, between those of `grid`; 0 for no token."""
    table = np.interp(tokens, grid, np.maximum.accumulate(times))
    table[0] = 0.0
    return table
