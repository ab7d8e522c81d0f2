"""The compiled step time: what the simulator needs of a deployment, as a small table and a few slopes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from millwright.perf.speculation import Speculation
from millwright.quantity import Basis


@dataclass(frozen=True)
class StepTime:
    """Time of one engine step [s], linear in everything but its number of tokens.

    For a step of `n` tokens in `s` sequences whose decoding sequences read `K` cached tokens together and whose
    prefill chunks do `A` units of attention work (sum over chunk tokens of the tokens each looks back at):

        t = tokens_s[n] + kv_s * K + prefill_s * A + seq_s * s          (decode-only: decode_tokens_s[n])

    `tokens_s` and `decode_tokens_s` have shape (max_tokens + 1,), index 0 is 0. `request_s` is added once per request
    before its first token (tokenising, scheduling, network): it delays TTFT, it does not occupy the device.
    `calibrated` says which points of the user's own corrected it, empty if none.
    `log_sigma` is the spread of the natural logarithm of true over predicted step time (decode and prefill).
    Under `speculation` a decoding sequence counts as 1 + k of the step's tokens, and the draft's time is added.
    """

    tokens_s: NDArray[np.float64]
    decode_tokens_s: NDArray[np.float64]
    kv_s: float
    prefill_s: float
    seq_s: float
    request_s: float
    decode_log_sigma: float
    prefill_log_sigma: float
    basis: Basis
    speculation: Speculation | None = None
    calibrated: str = ""

    def stretched(self, prefill: float, decode: float) -> StepTime:
        """Return steps with a prompt that take `prefill` times as long [-], and steps of decoding alone `decode` times.

        What a request waits for outside of steps stays.
        """
        speculation = self.speculation
        if speculation is not None:
            speculation = replace(speculation, draft_s=speculation.draft_s * decode)
        return replace(
            self,
            speculation=speculation,
            tokens_s=self.tokens_s * prefill,
            decode_tokens_s=self.decode_tokens_s * decode,
            kv_s=self.kv_s * decode,
            seq_s=self.seq_s * decode,
            prefill_s=self.prefill_s * prefill,
        )
