"""Fine-tuning: what it takes of a device's memory, how much it computes, and how long that takes.

Memory of mixed-precision Adam, in bytes per trained weight: 2 for the bf16 copy, 2 for its gradient, 4 for the fp32
master, 8 for the two moments (Rajbhandari et al., ZeRO, arXiv 1910.02054, section 3.1). LoRA trains adapters of rank r
beside frozen bf16 weights, r·(in + out) for each matrix (Hu et al., arXiv 2106.09685); QLoRA keeps the frozen matrices
in 4 bits and 0.127 bits of constants (Dettmers et al., arXiv 2305.14314, section 3). States are divided over the
devices, as ZeRO stage 3 and FSDP do.

Activations of one layer, sequence s, batch b, width h: 34·s·b·h bytes with fused attention, or, recomputed in the
backward pass, 2·s·b·h and one layer's 34·s·b·h at a time (Korthikanti et al., arXiv 2205.05198, sections 4 and 5).

Work per token: 2·N forward; backward 2·N for the gradients of activations, and 2·N for those of trained weights only.
So 6·N in full, 4·N beside frozen weights plus 6 per adapter weight; recomputing adds the 2·N of another forward pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from millwright.catalog.architecture import Architecture, AttentionKind, WeightPart
from millwright.catalog.device import Device
from millwright.catalog.precision import Compute
from millwright.quantity import Basis, Estimate

FROZEN_BYTES = 2.0
TRAINED_BYTES = 16.0
NF4_BYTES = (4.0 + 0.127) / 8.0

_LAYER_BYTES = 34.0
_KEPT_BYTES = 2.0

LOGITS_BYTES = 8.0
"""Per token and vocabulary entry: fp32 logits and their gradient."""

USABLE_SHARE = 0.92
"""Of a device's memory; the rest goes to the driver, buffers of collectives and fragments. Assumed."""


class Method(StrEnum):
    """What of a model is trained."""

    FULL = "full"
    LORA = "lora"
    QLORA = "qlora"


@dataclass(frozen=True)
class TrainingRun:
    """One run: `tokens` seen in all (data set times epochs), in sequences of `sequence_tokens`.

    `micro_batch` sequences are on one device at a time; larger batches are gathered over steps.
    """

    model: Architecture
    method: Method
    tokens: float
    sequence_tokens: int = 2048
    micro_batch: int = 1
    lora_rank: int = 16
    checkpointing: bool = True


@dataclass(frozen=True)
class TrainingMemory:
    """What one of the devices holds [byte]."""

    weights_bytes: float
    gradients_bytes: float
    optimizer_bytes: float
    activations_bytes: float

    @property
    def total_bytes(self) -> float:
        """All of it."""
        return self.weights_bytes + self.gradients_bytes + self.optimizer_bytes + self.activations_bytes


@dataclass(frozen=True)
class Utilisation:
    """The share of the bf16 peak that useful work reaches (MFU), with its 80 % interval and where that comes from."""

    value: float
    low: float
    high: float
    basis: Basis
    source: str


def adapter_parameters(model: Architecture, rank: int) -> int:
    """Return the weights of LoRA adapters of this rank on every matrix of attention and of dense or shared blocks.

    Routed experts get none, as is usual.
    """
    hidden, total = model.hidden_size, 0
    for group in model.layers:
        attention, block = group.attention, group.feed_forward
        layer = 0
        if attention.kind is AttentionKind.MLA:
            down = attention.q_lora_rank or 0
            layer += (hidden + down) + (down + attention.q_dim) if down else hidden + attention.q_dim
            layer += hidden + attention.kv_dim
            layer += attention.kv_lora_rank + attention.heads * (attention.qk_nope_head_dim + attention.v_head_dim)
            layer += attention.o_dim + hidden
        elif attention.heads:
            layer += (hidden + attention.q_dim) + (attention.o_dim + hidden)
            keys = attention.kv_heads * attention.head_dim
            layer += hidden + keys
            if not attention.key_is_value:
                layer += hidden + attention.kv_heads * attention.value_head_dim
        if block is not None:
            width = block.shared_intermediate_size if block.experts else block.intermediate_size
            layer += (3 if block.gated else 2) * (hidden + width) if width else 0
        total += group.count * layer * rank
    return total


def trained_parameters(run: TrainingRun) -> int:
    """Return the weights that the run trains."""
    if run.method is Method.FULL:
        return run.model.weight_parameters()
    return adapter_parameters(run.model, run.lora_rank)


def training_memory(run: TrainingRun, devices: int) -> TrainingMemory:
    """Return what each of `devices` holds, states divided evenly and activations each its own."""
    model, trained = run.model, float(trained_parameters(run))
    frozen = 0.0 if run.method is Method.FULL else _frozen_bytes(run)
    tokens = float(run.sequence_tokens * run.micro_batch)
    layer = tokens * model.hidden_size
    kept = layer * (_KEPT_BYTES if run.checkpointing else _LAYER_BYTES) * model.layer_count
    working = layer * _LAYER_BYTES if run.checkpointing else 0.0
    return TrainingMemory(
        weights_bytes=(frozen + 2.0 * trained) / devices,
        gradients_bytes=2.0 * trained / devices,
        optimizer_bytes=(TRAINED_BYTES - 4.0) * trained / devices,
        activations_bytes=kept + working + tokens * model.vocab_size * LOGITS_BYTES,
    )


def _frozen_bytes(run: TrainingRun) -> float:
    """Return the bytes of the frozen weights: QLoRA leaves tables, norms and routers in 16 bits."""
    parts = run.model.parameters()
    if run.method is Method.LORA:
        return FROZEN_BYTES * sum(parts.values())
    whole = {WeightPart.EMBEDDING, WeightPart.HEAD, WeightPart.ROUTER, WeightPart.SMALL}
    return sum(count * (FROZEN_BYTES if part in whole else NF4_BYTES) for part, count in parts.items())


def training_flop(run: TrainingRun) -> float:
    """Return the floating-point operations of the whole run, a recomputed forward pass among them."""
    model = run.model
    weights = float(model.active_parameters(embeddings=False))
    pairs = sum(group.count * group.attention.flop_per_pair() for group in model.layers) * run.sequence_tokens / 2.0
    passes = 2.0 if run.checkpointing else 1.0  # forward passes
    if run.method is Method.FULL:
        matrices = (2.0 * passes + 4.0) * weights
    else:
        matrices = (2.0 * passes + 2.0) * weights + 6.0 * adapter_parameters(model, run.lora_rank)
    return run.tokens * (matrices + (passes + 2.0) * pairs)


def training_time_s(run: TrainingRun, device: Device, devices: int, utilisation: Utilisation) -> Estimate:
    """Return how long the run takes on `devices` [s].

    Utilisation counts the recomputed pass as work, as hardware does. Raises ValueError for a device whose bf16 peak is
    not known.
    """
    peak = device.peak_flop_per_s.get(Compute.BF16)
    if not peak:
        raise ValueError(f"the bf16 peak of {device.name} is not known")
    ideal_s = training_flop(run) / (devices * peak)
    return Estimate(
        ideal_s / utilisation.value, ideal_s / utilisation.high, ideal_s / utilisation.low, utilisation.basis
    )
