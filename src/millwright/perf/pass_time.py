"""Models that answer with one pass over the input: encoders, rerankers, recommenders. How long a step of them takes.

A step is a batch: t = tokens_s[n] + prefill_s · A, with n the tokens (or items) of the batch and A the pairs of tokens
that meet in attention (see `StepTime`). Nothing is decoded. The equations and the shares of peak are those of prefill;
what serving points of language models correct is left out, since no point of a one-pass model was ever measured. For
the same reason the spread is wider than any of theirs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from millwright.perf.calibration import Calibration
from millwright.perf.compile import compile_step_time
from millwright.perf.deployment import Deployment
from millwright.perf.step_time import StepTime
from millwright.perf.timing import Floats
from millwright.quantity import Basis

UNSEEN_LOG_SIGMA = 0.35
UNSEEN_DEVICE_LOG_SIGMA = 0.6
"""Assumed spread of true over predicted pass times, on a device that the fit has seen and on one it has not.

A factor of 1.6 and of 2.2 each way in four cases of five: no pass was measured, and what share of a processor's matrix
units a library reaches differs more than it does between engines on an accelerator.
"""


def pass_step_time(deployment: Deployment, *, input_tokens: float, calibration: Calibration | None = None) -> StepTime:
    """Return the step times of a one-pass model for inputs of this mean length [token].

    The basis is at best `extrapolated`.
    """
    step = compile_step_time(deployment, context_tokens=input_tokens, calibration=calibration)
    basis = Basis.EXTRAPOLATED if step.basis in (Basis.FITTED, Basis.MEASURED) else step.basis
    if deployment.model.recommender is not None and basis is Basis.EXTRAPOLATED:
        basis = Basis.DATASHEET  # lookups at random addresses are in no measurement that anything was fitted to
    unseen = UNSEEN_LOG_SIGMA if basis is Basis.EXTRAPOLATED else UNSEEN_DEVICE_LOG_SIGMA
    sigma = max(step.prefill_log_sigma, unseen)
    table, pair_s = with_items(step.tokens_s, step.prefill_s, deployment.item_tokens)
    return replace(
        step,
        tokens_s=table,
        decode_tokens_s=table,
        prefill_s=pair_s,
        decode_log_sigma=sigma,
        prefill_log_sigma=sigma,
        basis=basis,
    )


def with_items(tokens_s: Floats, pair_s: float, item_tokens: float) -> tuple[Floats, float]:
    """Return a table of step times [s] by tokens and the time per pair [s] for requests of several sequences.

    Tokens meet only those of their own sequence, on average half of `item_tokens` [token] looking back; attention then
    belongs to the token. `item_tokens` is the mean length weighted by length; 0: one sequence per request.
    """
    if not item_tokens:
        return tokens_s, pair_s
    return tokens_s + pair_s * item_tokens / 2.0 * np.arange(len(tokens_s)), 0.0
