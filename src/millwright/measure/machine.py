"""The machine that a simulation runs on, beyond the plain deployment: a draft, the host's memory."""

from __future__ import annotations

from dataclasses import replace

from millwright.errors import InputError
from millwright.perf.deployment import Deployment
from millwright.perf.memory import MemoryFit
from millwright.perf.speculation import Draft, accepted_at_rate, draft_methods
from millwright.simulate.offload import HostMemory


def draft_asked(text: str, acceptance: float | None, seed: int) -> Draft | None:
    """Return the draft that `METHOD` or `METHOD:k` means, None for no text; raises InputError.

    `acceptance` is the probability that a drafted token is accepted when those before it were; None: the method's own.
    """
    if not text:
        if acceptance is not None:
            raise InputError("nothing is drafted", "--acceptance", "Say how with --speculate METHOD.")
        return None
    name, _, count = text.partition(":")
    methods = draft_methods()
    if name not in methods:
        raise InputError(f"no way of drafting is called '{name}'", "--speculate", f"Use one of {', '.join(methods)}.")
    method = methods[name]
    if not (count.isdecimal() and 1 <= int(count) <= 64) and ":" in text:
        raise InputError(f"'{count}' is no number of drafted tokens", "--speculate", "Write it as eagle3:4, 1 to 64.")
    tokens = int(count) if count else method.tokens
    usual = 1.0 - method.accepted[0]
    try:
        accepted = accepted_at_rate(tokens, usual if acceptance is None else acceptance)
    except ValueError as error:
        raise InputError(str(error), "--acceptance") from error
    log_sigma = method.log_sigma if acceptance is None else 0.0
    return replace(method, tokens=tokens, accepted=accepted, seed=seed, log_sigma=log_sigma)


def host_memory_asked(offload_gb: float | None, deployment: Deployment, fit: MemoryFit) -> HostMemory | None:
    """Return so many GB of the host's memory as room for KV cache of one replica; raises InputError.

    All its devices load over their own PCIe at once; `fit` gives what a token takes of each.
    """
    if offload_gb is None:
        return None
    if not 0 < offload_gb < 1e6:
        raise InputError(f"{offload_gb:g} GB of host memory make no sense", "--offload")
    each = deployment.device.pcie_bytes_per_s
    if each is None:
        raise InputError(
            f"the catalogue does not say how fast {deployment.device.name} reads from its host",
            "--offload",
            "Add the device's `pcie` fact in a file given with --devices.",
        )
    devices = deployment.device_count
    return HostMemory.of_bandwidth(offload_gb * 1e9, max(fit.kv_bytes_per_token, 1.0) * devices, each * devices)
