"""The step times of a deployment as every command uses them: compiled, corrected, with interval and basis.

`predict` corrects the means of a whole point by what measured points lie off the equations. Simulation needs that
correction in its step times. So the closed form is solved over a range of loads twice, with the correction and without,
and the table is stretched by what separates them: simulated in a closed loop, it gives the means that are predicted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from millwright.measure.points import Load, Phase, ServingPoint
from millwright.measure.predict import corrected, point_labels, residual_labels, shipped_spread
from millwright.measure.resolve import ResolvedPoint
from millwright.measure.serving import Points, arrange_points, as_in_theory, predict_means
from millwright.perf.calibration import NO_CORRECTION, Calibration, scaled
from millwright.perf.coefficients import ProtocolCoefficients, shipped_coefficients
from millwright.perf.compile import compile_step_time, step_floor_s
from millwright.perf.deployment import Deployment
from millwright.perf.pass_time import pass_step_time
from millwright.perf.residual import shipped_residual
from millwright.perf.step_time import StepTime
from millwright.perf.timing import Coefficients, Floats, Stack
from millwright.quantity import Z80, Basis

USUAL_LEVEL = 16.0
"""Sequences at which slopes and the time per request are corrected where no load is stated."""

METRICS = ("ttft_s", "tpot_s", "output_tokens_per_s")

_LEAST_REQUEST_SHARE = 0.3
"""Least share of the time per request that a correction of TTFT leaves; what remains is taken from the prefill."""

_PREFILL_LIMIT = 2.0

_LEAST_PREFILL_SHARE = 0.9
"""Least factor on prefill relative to that on answers: prompts cut more would delay those who decode too little."""

_Floors = tuple[Floats, float, float]


_PerPoint = TypeVar("_PerPoint", Coefficients, ProtocolCoefficients)


@dataclass(frozen=True)
class DeployedStepTime:
    """Step times of a deployment, corrected, and how sure means predicted from them are.

    `factors` maps each of `METRICS` to the ends of its 80 % interval, as factors on the mean. `cycle_s` is the mean
    time of a request at the stated load.
    """

    step: StepTime
    factors: Mapping[str, tuple[float, float]]
    cycle_s: float

    @property
    def basis(self) -> Basis:
        """What the prediction rests on."""
        return self.step.basis


def deployed_step_time(
    deployment: Deployment,
    *,
    input_tokens: float,
    output_tokens: float,
    level: float | None = None,
    calibration: Calibration | None = None,
) -> DeployedStepTime:
    """Return the corrected step times of a deployment for prompts and answers of these mean lengths [token].

    `level` is how many requests are in flight at once; None: not known. Decode steps are corrected at every batch size,
    slopes and the time per request at `level`. No step is below its roofline.
    """
    if deployment.model.one_pass:
        return _one_pass(deployment, input_tokens, calibration)
    return deployed_step_times(
        [deployment], input_tokens=input_tokens, output_tokens=output_tokens, level=level, calibration=calibration
    )[0]


def deployed_step_times(
    deployments: Sequence[Deployment],
    *,
    input_tokens: float,
    output_tokens: float,
    level: float | None = None,
    calibration: Calibration | None = None,
) -> list[DeployedStepTime]:
    """Return what `deployed_step_time` does of each deployment; the corrections of all are solved at once.

    The closed form costs about as much for a dozen deployments as for one. They are of one model, or all generate.
    """
    if not deployments:
        return []
    if all(each.model.one_pass for each in deployments):
        return [_one_pass(each, input_tokens, calibration) for each in deployments]
    context = input_tokens + output_tokens / 2.0
    points = [_plain_point(each, input_tokens, output_tokens) for each in deployments]
    usual = [min(level or USUAL_LEVEL, float(each.limits.max_num_seqs)) for each in deployments]
    levels = [
        np.unique([one, *np.geomspace(1.0, each.limits.max_num_seqs, 9)])
        for one, each in zip(usual, deployments, strict=True)
    ]
    found: list[DeployedStepTime] = []
    ends = np.cumsum([len(each) for each in levels])[:-1]
    parts = [np.split(each, ends) for each in _corrections(points, levels, calibration)]
    for index, (deployment, decoding, stretch, first, ideal_first, gaps) in enumerate(
        zip(deployments, *parts, strict=True)
    ):
        raw = compile_step_time(deployment, context_tokens=context, calibration=calibration)
        here = int(np.flatnonzero(levels[index] == usual[index])[0])
        floors = step_floor_s(deployment, context, len(raw.tokens_s))
        step = _stretched(raw, floors, context, decoding, stretch, float(stretch[here]))
        step = _with_first_token(step, floors, float(stretch[here]), float(first[here]), float(ideal_first[here]))
        cycle_s = float(first[here] + max(output_tokens - 1.0, 0.0) * gaps[here])
        found.append(DeployedStepTime(step, _interval_factors(points[index], step), cycle_s))
    return found


def _one_pass(deployment: Deployment, input_tokens: float, calibration: Calibration | None) -> DeployedStepTime:
    step = pass_step_time(deployment, input_tokens=input_tokens, calibration=calibration)
    ends = (math.exp(-Z80 * step.prefill_log_sigma), math.exp(Z80 * step.prefill_log_sigma))
    tokens = min(round(input_tokens), len(step.tokens_s) - 1)
    alone_s = step.request_s + float(step.tokens_s[tokens]) + step.prefill_s * input_tokens**2 / 2.0
    return DeployedStepTime(step, dict.fromkeys(METRICS, ends), alone_s)


def _plain_point(deployment: Deployment, input_tokens: float, output_tokens: float) -> ResolvedPoint:
    """Return a steady closed loop on the deployment, its load left open."""
    stated = ServingPoint(
        index=0,
        accelerator=deployment.device.name,
        devices=deployment.device_count,
        model=deployment.model.name,
        weights_text=deployment.weights.value,
        kv_text=deployment.kv.value,
        engine=deployment.engine.name,
        engine_version=deployment.engine.version,
        date="",
        tp=deployment.tp,
        pp=deployment.pp,
        ep=deployment.ep,
        dp=deployment.dp,
        dp_attention=deployment.dp_attention,
        prefill_pool=None,
        decode_pool=None,
        speculative=False,
        input_tokens=max(input_tokens, 1.0),
        output_tokens=max(output_tokens, 1.0),
        spread=0.0,
        context_tokens=0.0,
        load=Load.CLOSED,
        level=USUAL_LEVEL,
        phase=Phase.BOTH,
        protocol="",
    )
    return ResolvedPoint(stated, deployment, 1, None, 0, ())


def _corrections(
    resolved: Sequence[ResolvedPoint], levels: Sequence[Floats], calibration: Calibration | None
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return, per point and load, one point after another: sequences decoding, factor on decode steps, mean TTFT,
    uncorrected TTFT less the time per request, mean TPOT.

    Without correction means: under the protocol that a simulator plays, in which every wait is what theory says.
    """
    counts = [len(each) for each in levels]
    points = at_levels(arrange_points(resolved), levels)
    fit = shipped_coefficients()
    found = [calibration.of(each.deployment) if calibration is not None else None for each in resolved]
    decode, prefill, request = np.repeat(
        np.exp(np.array([(each or NO_CORRECTION).logs for each in found])), counts, 0
    ).T
    labels = [point_labels(each) for each in resolved]
    steps_of, protocol = _repeated(fit.resolve(labels), counts), _repeated(fit.resolve_protocol(labels), counts)
    protocol = replace(protocol, request_s=protocol.request_s * request)
    steps = (scaled(steps_of, decode), scaled(steps_of, prefill))
    fitted = predict_means(points, *steps, protocol)
    scheduled = replace(
        points, prefill_first=np.repeat([one.deployment.limits.prefill_first for one in resolved], counts)
    )
    ideal = predict_means(scheduled, *steps, ideal_protocol(protocol))  # as the simulator will schedule it
    keys = [
        key
        for each, one, count in zip(resolved, labels, counts, strict=True)
        for key in [residual_labels(each, one)] * count
    ]
    ttft_ms, tpot_ms, _ = corrected(fitted, points, keys, shipped_residual())
    stretch = tpot_ms / 1e3 / ideal.tpot_s
    return ideal.decoding, stretch, ttft_ms / 1e3, ideal.ttft_s - protocol.request_s, tpot_ms / 1e3


def _repeated(each: _PerPoint, counts: Sequence[int]) -> _PerPoint:
    """Return values per point as values per point and load."""
    names = each.__dataclass_fields__
    return replace(each, **{name: np.repeat(getattr(each, name), counts) for name in names})


def ideal_protocol(protocol: ProtocolCoefficients) -> ProtocolCoefficients:
    """Return the protocol that a simulator plays in its steady state: all but the time per request as in theory."""
    nothing = np.zeros_like(protocol.request_s)
    return replace(as_in_theory(protocol), warm_s=nothing, transfer_s=nothing)


def at_levels(points: Points, levels: Sequence[Floats]) -> Points:
    """Return each point at several loads, all loads of the first point first."""
    counts = [len(each) for each in levels]

    def repeated(value: NDArray[Any]) -> Any:
        return np.repeat(value, counts, axis=0)

    def stack(value: Stack) -> Stack:
        return Stack(**{name: repeated(getattr(value, name)) for name in Stack.__dataclass_fields__})

    names = [name for name in Points.__dataclass_fields__ if name not in ("decode", "prefill", "level")]
    return Points(
        decode=stack(points.decode),
        prefill=stack(points.prefill),
        level=np.concatenate(levels),
        **{name: repeated(getattr(points, name)) for name in names},
    )


def _stretched(
    step: StepTime, floors: _Floors, context: float, decoding: Floats, stretch: Floats, usual: float
) -> StepTime:
    """Return `step` with decode steps of n sequences longer by the factor at n, slopes by the usual one.

    Under speculative decoding a sequence has several of the step's tokens, and its draft takes longer by the same.
    """
    floor_table, kv_floor_s, _ = floors
    speculation = step.speculation
    places = 1 if speculation is None else 1 + speculation.draft.tokens
    sequences = np.arange(len(step.decode_tokens_s)) / places
    order = np.argsort(decoding)

    def factor_at(count: Floats) -> Floats:
        return np.interp(np.log(np.maximum(count, 0.5)), np.log(decoding[order]), stretch[order])

    factor = factor_at(sequences)
    kv_s, seq_s = max(usual * step.kv_s, kv_floor_s), usual * step.seq_s
    whole = factor * (step.decode_tokens_s + sequences * (context * step.kv_s + step.seq_s))
    least = np.minimum(factor, 1.0) * 0.5 * step.decode_tokens_s
    table = np.maximum(whole - sequences * (context * kv_s + seq_s), least)
    table = np.maximum.accumulate(np.maximum(table, floor_table))
    table[0] = 0.0
    if speculation is not None:
        draft_s = speculation.draft_s * factor_at(np.arange(len(speculation.draft_s), dtype=np.float64))
        speculation = replace(speculation, draft_s=draft_s)
    return replace(step, decode_tokens_s=table, kv_s=kv_s, seq_s=seq_s, speculation=speculation)


def _with_first_token(
    step: StepTime, floors: _Floors, stretch: float, first_s: float, ideal_first_s: float
) -> StepTime:
    """Return `step` with prefill and time per request such that the mean TTFT is `first_s`.

    Prompts are stretched as answers are, since they delay them; the time per request takes what is left.
    """
    floor_table, _, pair_floor_s = floors
    least = _LEAST_REQUEST_SHARE * step.request_s
    most = max((first_s - least) / max(ideal_first_s, 1e-9), 1.0 / _PREFILL_LIMIT)
    prefill = min(stretch, max(most, _LEAST_PREFILL_SHARE * stretch), _PREFILL_LIMIT)
    request_s = max(first_s - prefill * ideal_first_s, least)
    table = np.maximum(prefill * step.tokens_s, floor_table)
    return replace(
        step, tokens_s=table, prefill_s=max(prefill * step.prefill_s, pair_floor_s), request_s=float(request_s)
    )


def _interval_factors(point: ResolvedPoint, step: StepTime) -> dict[str, tuple[float, float]]:
    """Return the 80 % interval of each metric as factors; a calibration's spread is that of its left-out errors."""
    quantiles = shipped_spread(point)
    shipped = step.basis is not Basis.MEASURED
    factors = {}
    for name, (low, high), sigma in zip(
        METRICS, quantiles, (step.prefill_log_sigma, step.decode_log_sigma, step.decode_log_sigma), strict=True
    ):
        ends = (min(low, 0.0), max(high, 0.0)) if shipped else (-Z80 * sigma, Z80 * sigma)
        factors[name] = (float(np.exp(ends[0])), float(np.exp(ends[1])))
    return factors
