"""How the devices of one replica divide a model: tensor, pipeline, expert and data parallelism."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from millwright.catalog.architecture import Architecture
from millwright.fleet.stack import Capability, capabilities
from millwright.perf.deployment import Deployment, Engine

TENSOR_PARALLEL = (1, 2, 4, 8, 16)
"""Degrees looked at: powers of two, as attention heads divide by them and hosts are built of them."""

PIPELINE_PARALLEL = (1, 2, 4)

ATTENTION_RANKS = (2, 4, 8, 16, 32, 64)
"""Devices that each keep attention and cache of their own requests and share the experts among them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to divide a model; fields as in `Deployment`."""

    tp: int = 1
    pp: int = 1
    ep: int = 1
    dp: int = 1
    dp_attention: bool = False

    @property
    def device_count(self) -> int:
        """Devices of one replica."""
        return self.tp * self.pp * self.dp


def layouts(model: Architecture, engine: Engine, most_devices: int) -> Iterator[Layout]:
    """Yield the layouts of `model` that `engine` offers on up to `most_devices` devices, fewest devices first.

    A dense model is not copied within a replica: copies are replicas. Experts are either cut like all other matrices
    (TP) or dealt out whole (EP), with attention in TP or, if the engine can, one rank of requests per device.
    """
    offered = capabilities(engine.name)
    found = [Layout(tp) for tp in TENSOR_PARALLEL]
    if Capability.PIPELINE in offered:
        found += [Layout(tp, pp) for tp in TENSOR_PARALLEL for pp in PIPELINE_PARALLEL[1:] if pp <= model.layer_count]
    if model.is_moe and Capability.EXPERTS in offered:
        found += [Layout(tp, ep=tp) for tp in TENSOR_PARALLEL[1:]]
        if Capability.DP_ATTENTION in offered:
            found += [Layout(ep=ranks, dp=ranks, dp_attention=True) for ranks in ATTENTION_RANKS]
    yield from sorted((each for each in found if each.device_count <= most_devices), key=lambda each: each.device_count)


def unshared(deployment: Deployment) -> str:
    """Return why an engine could not share a model out among the devices, empty if it can."""
    if deployment.engine.name == "llama.cpp":  # it splits a model by layers
        return ""
    for layer in deployment.model.layers:
        if layer.attention.heads % deployment.tp:
            return f"{layer.attention.heads} attention heads cannot be shared out among {deployment.tp} devices"
        block = layer.feed_forward
        if deployment.ep > 1 and block is not None and block.experts % deployment.ep:
            return f"{block.experts} experts cannot be dealt out among {deployment.ep} devices"
    return ""


def layout_label(deployment: Deployment) -> str:
    """Return a deployment's layout as people write it: `TP 8`, `TP 4 × PP 2`, `DP 8 attention, EP 8`."""
    if deployment.dp_attention:
        across = f"TP {deployment.tp} × " if deployment.tp > 1 else ""
        return f"{across}DP {deployment.dp} attention, EP {deployment.ep}"
    label = f"TP {deployment.tp}"
    if deployment.pp > 1:
        label += f" × PP {deployment.pp}"
    return f"{label}, EP {deployment.ep}" if deployment.ep > 1 else label
