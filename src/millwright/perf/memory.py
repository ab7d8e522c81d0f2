"""Does it fit, and if not, why not: weights, KV cache and activations against device memory."""

from __future__ import annotations

from dataclasses import dataclass

from millwright.catalog.architecture import Architecture, FeedForward, WeightPart
from millwright.perf.deployment import Deployment
from millwright.perf.drafter import draft_deployment, shared_parts
from millwright.perf.engines import engine_profile

CONTEXT_BYTES = 0.75e9
"""What the driver, the runtime's context and the collectives' buffers take on a device, outside the engine's share."""

GRAPH_BYTES = 1.0e9
GRAPH_SHARE = 0.02
"""Captured graphs and their private pools: 0.5 to 3 GB in the logs of the engines, less on small devices."""

WORKSPACE_SHARE = 0.025
"""Attention and collective workspaces, and what the allocator loses to fragments: 1.5 to 3 GB of an 80 GB device.

Assumed (quality C). It decides where weights fill a device: 70 billion weights of 8 bits don't leave an 80 GB one room.
"""


@dataclass(frozen=True, slots=True)
class MemoryFit:
    """Memory of one device in a deployment [bytes] and the KV tokens the whole replica can hold.

    `reason` says why it does not fit (empty when it does). `kv_state_bytes_per_sequence` is what linear layers and
    full sliding windows take per sequence, whatever its length.
    """

    fits: bool
    reason: str
    weights_bytes: float
    kv_bytes_per_token: float
    kv_state_bytes_per_sequence: float
    activation_bytes: float
    usable_bytes: float
    kv_capacity_tokens: int

    def max_sequences(self, tokens_per_sequence: float, replicas: int = 1) -> int:
        """Return how many sequences of that length [token] the cache holds at once, states included.

        `replicas` are the attention ranks (dp) over which sequences are divided.
        """
        free = self.usable_bytes - self.weights_bytes - self.activation_bytes
        need = tokens_per_sequence * self.kv_bytes_per_token + self.kv_state_bytes_per_sequence
        return max(0, int(free / need)) * replicas if need > 0 else 1_000_000


def memory_fit(deployment: Deployment, max_num_batched_tokens: int | None = None) -> MemoryFit:
    """Return what a deployment takes of each device and the KV tokens it can hold.

    `max_num_batched_tokens` [token] sizes the activations; None takes the deployment's own limit. A device whose
    memory is unknown is taken to hold anything, and `reason` says so.
    """
    model, limits = deployment.model, deployment.limits
    budget = max_num_batched_tokens or limits.max_num_batched_tokens
    weights = device_weight_bytes(deployment)
    per_token, per_sequence = _device_kv_bytes(deployment)
    activations = _activation_bytes(deployment, budget)
    memory = deployment.device.memory_bytes
    if memory is None:
        return MemoryFit(
            True, "", weights, per_token, per_sequence, activations, float("inf"), limits.max_model_len_tokens * 1024
        )
    fraction = deployment.memory_fraction or engine_profile(deployment.engine.name).memory_fraction
    usable = min(memory * fraction, memory - CONTEXT_BYTES)
    free = usable - weights - activations
    pieces = f"{deployment.device_count} × {deployment.device.name}"
    if free <= 0:
        need = (weights + activations) / 1e9
        reason = (
            f"{model.name} in {deployment.weights} takes {need:.1f} GB of each device on {pieces}, "
            f"but the engine may use {usable / 1e9:.1f} GB; use more devices or a smaller format"
        )
        return MemoryFit(False, reason, weights, per_token, per_sequence, activations, usable, 0)
    shortest = min(limits.block_size_tokens * 8, limits.max_model_len_tokens)
    room = (free - per_sequence) / per_token if per_token > 0 else 1e9
    capacity = int(max(0.0, min(room, 1e9)) * max(1, deployment.dp))
    if room < shortest:
        reason = (
            f"after the weights {free / 1e9:.2f} GB per device are left on {pieces}: "
            f"room for {max(0, int(room))} KV tokens, less than {shortest}"
        )
        return MemoryFit(False, reason, weights, per_token, per_sequence, activations, usable, capacity)
    return MemoryFit(True, "", weights, per_token, per_sequence, activations, usable, capacity)


def device_weight_bytes(deployment: Deployment) -> float:
    """Return the bytes of weights on the fullest device of a replica.

    Experts are divided over the expert group, everything else over the tensor-parallel group; matrices that tensor
    parallelism copies (norms, latent down-projections, KV heads beyond their number) count whole where they are large.
    A draft's weights lie beside them.
    """
    own = _weight_bytes(deployment)
    drafter = draft_deployment(deployment)
    if drafter is None or deployment.draft is None:
        return own
    return own + _weight_bytes(drafter, leave_out=shared_parts(deployment.draft))


def _weight_bytes(deployment: Deployment, leave_out: frozenset[WeightPart] = frozenset()) -> float:
    model, tp, pp = deployment.model, max(1, deployment.tp), max(1, deployment.pp)
    data_parallel = max(1, deployment.dp)
    group = tp * data_parallel if deployment.dp_attention or deployment.ep > tp else tp
    total = 0.0
    parts = model.parameters()
    for part, count in parts.items():
        if part in leave_out:
            continue
        if part is WeightPart.EMBEDDING and not deployment.model.tied_embeddings and pp > 1:
            count = 0  # the first stage has the table, the last the head: each device at most one of them
        width = model.part_precision(part, deployment.weights).bytes_per_weight
        split = group if part is WeightPart.EXPERTS else 1 if part in (WeightPart.ROUTER, WeightPart.SMALL) else tp
        stages = 1 if part in (WeightPart.EMBEDDING, WeightPart.HEAD) else pp
        total += count * width / split / stages
    return total


def _device_kv_bytes(deployment: Deployment) -> tuple[float, float]:
    per_token = per_sequence = 0.0
    if deployment.model.one_pass:
        return per_token, per_sequence  # keys and values go with the pass
    for layer in deployment.model.layers:
        attention = layer.attention
        entry = attention.cached_bytes_per_token(deployment.kv) / attention.kv_split(deployment.tp)
        if attention.window_tokens:
            per_sequence += layer.count * attention.window_tokens * entry
        else:
            per_token += layer.count * entry
        per_sequence += layer.count * attention.state_bytes / max(1, deployment.tp)
    pp = max(1, deployment.pp)
    drafter = draft_deployment(deployment)
    draft_token, draft_sequence = (0.0, 0.0) if drafter is None else _device_kv_bytes(drafter)
    return per_token / pp + draft_token, per_sequence / pp + draft_sequence


def _activation_bytes(deployment: Deployment, tokens: int) -> float:
    model = deployment.model
    widest = max((_block_width(layer.feed_forward, model) for layer in model.layers), default=model.hidden_size)
    hidden = 2.0 * tokens * (4 * model.hidden_size + 2 * widest / max(1, deployment.tp))
    outputs = model.hidden_size if model.one_pass else model.vocab_size / max(1, deployment.tp)
    places = 1 if deployment.draft is None else 1 + deployment.draft.tokens
    logits = 4.0 * min(deployment.limits.max_num_seqs * places, tokens) * outputs
    memory = deployment.device.memory_bytes or 80e9
    return hidden + logits + min(GRAPH_BYTES, GRAPH_SHARE * memory) + WORKSPACE_SHARE * memory


def _block_width(block: FeedForward | None, model: Architecture) -> float:
    if block is None:
        return float(model.hidden_size)
    routed = block.intermediate_size * max(1, block.experts_per_token)
    return float(routed + block.shared_intermediate_size)
