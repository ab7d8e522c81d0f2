"""What a run takes from the wall socket of its devices: power by phase, integrated over the run."""

from __future__ import annotations

from dataclasses import dataclass

from millwright.catalog.precision import Compute
from millwright.perf.deployment import Deployment
from millwright.perf.kernel_shares import KernelShares, deployment_kernel_shares
from millwright.perf.power import device_power_w, idle_power_w
from millwright.quantity import Estimate
from millwright.simulate.outcomes import RequestOutcomes

FLOP_PER_WEIGHT = 2.0
"""A token multiplies and adds once with each weight it uses; attention's own arithmetic is left out."""


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of all devices of a run, from the first arrival to the last token [J].

    `total_j` = `prompt_j` (steps that compute prompts) + `decode_j` (steps that only decode) + `idle_j` (no step);
    `per_output_token_j` is the total over all output tokens of served requests; `power_w` the mean of all devices.
    Devices alone: hosts, cooling and losses come on top.
    """

    total_j: Estimate
    prompt_j: float
    decode_j: float
    idle_j: float
    per_output_token_j: Estimate | None
    power_w: float


def energy(outcomes: RequestOutcomes, deployment: Deployment) -> Energy | None:
    """Return the energy of a run whose replicas are all `deployment`; None if nothing was served.

    Each phase has the power of a busy device at that phase's share of the bf16 peak, and with the kernels of its mean
    step (`perf.power`).
    """
    totals, span_s = outcomes.totals, outcomes.makespan_s
    if span_s <= 0:
        return None
    replicas = max(len(outcomes.replica_totals), 1)
    devices = deployment.device_count
    decode_s = max(totals.busy_s - totals.prompt_s, 0.0)
    alone = totals.decode_tokens - totals.prompt_decode_tokens
    busy_s = max(totals.busy_s, 1e-12)
    sequences, cached = totals.decode_seconds / busy_s, totals.kv_token_seconds / busy_s
    decode_steps = min(alone / max(sequences, 1.0), float(totals.steps))
    with_prompts = totals.prefill_tokens + totals.prompt_decode_tokens
    prompt = _phase_j(deployment, totals.prompt_s, with_prompts, totals.steps - decode_steps, sequences, cached)
    decode = _phase_j(deployment, decode_s, alone, decode_steps, sequences, cached)
    idle_j = max(span_s * replicas - totals.busy_s, 0.0) * idle_power_w(deployment.device) * devices
    total = Estimate(
        prompt.value + decode.value + idle_j,
        prompt.low + decode.low + idle_j,
        prompt.high + decode.high + idle_j,
        prompt.basis,
    )
    tokens = int(outcomes.output_tokens[outcomes.served].sum())
    per_token = Estimate(total.value / tokens, total.low / tokens, total.high / tokens, total.basis) if tokens else None
    return Energy(total, prompt.value, decode.value, idle_j, per_token, total.value / span_s)


def _phase_j(
    deployment: Deployment, seconds: float, tokens: int, steps: float, sequences: float, cached: float
) -> Estimate:
    """Return the energy of all devices of a replica over so many busy seconds in which `tokens` were computed.

    They were computed in `steps`, of which each had `sequences` that read `cached` tokens together.
    """
    peak = deployment.device.peak_flop_per_s.get(Compute.BF16)
    share: float | None = None
    kernels: KernelShares | None = None
    if peak and seconds > 0:
        flop = FLOP_PER_WEIGHT * deployment.model.active_parameters(embeddings=False) * tokens
        share = flop / (seconds * peak * deployment.device_count)
    if seconds > 0 and steps >= 1.0:
        kernels = deployment_kernel_shares(deployment, tokens / steps, sequences, cached, seconds / steps)
    power = device_power_w(deployment.device, 1.0, share, kernels)
    scale = seconds * deployment.device_count
    return Estimate(power.value * scale, power.low * scale, power.high * scale, power.basis)
