"""The operators of a recommender's step: n items, each some rows of tables at random addresses and small products.

    t(n) = Σ products + n · (γ · lookups · row bytes + activations) / (η · bandwidth) + kernels

γ says how many streamed bytes a gathered byte costs (`data/lookups.json`, assumed). Rows shorter than a memory line of
64 bytes cost a whole one. Tables are divided over the devices of a replica, items over its networks; the summed vectors
travel once between.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np

from millwright.catalog.architecture import WeightPart
from millwright.catalog.device import DeviceKind
from millwright.catalog.precision import Compute
from millwright.catalog.recommender import Recommender
from millwright.perf.deployment import Deployment
from millwright.perf.operators import (
    ACTIVATION_BYTES,
    Products,
    StepOperators,
    device_bandwidth,
    device_peak,
    link_bandwidth,
)

_LINE_BYTES = 64.0
_DATA = Path(__file__).parent / "data" / "lookups.json"


@lru_cache(maxsize=2)
def gather_cost(*, on_processor: bool) -> float:
    """Return how many streamed bytes one byte costs that is gathered at random [-]."""
    costs = json.loads(_DATA.read_text(encoding="utf-8"))["gather_cost"]
    return float(costs["processor" if on_processor else "accelerator"]["value"])


def recommender_operators(deployment: Deployment, model: Recommender) -> StepOperators:
    """Return the operators of one step; its tokens are items."""
    arch, ranks = deployment.model, max(1, deployment.tp)
    bandwidth, notes = device_bandwidth(deployment)
    precision = arch.part_precision(WeightPart.DENSE, deployment.weights)
    peak, assumed = device_peak(deployment, precision.compute)
    attention_peak, more = device_peak(deployment, Compute.BF16)
    link, of_link = link_bandwidth(deployment)
    sizes = [*model.matrices(), (model.top[-1], 1)]
    count = len(sizes)
    ones = np.ones(count)
    head = np.zeros(count, dtype=np.bool_)
    head[-1] = True
    row = arch.part_bytes_per_weight(WeightPart.EMBEDDING, deployment.weights) * model.dimension
    gathered = model.lookups * max(row, _LINE_BYTES)
    gathered *= gather_cost(on_processor=deployment.device.kind is DeviceKind.CPU)
    widths = sum(outputs for _, outputs in model.matrices())
    products = Products(
        out_size=np.array([float(outputs) for _, outputs in sizes]),
        in_size=np.array([float(inputs) for inputs, _ in sizes]),
        count=ones,
        experts=ones,
        hits=ones,
        weight_bytes=ones * precision.bytes_per_weight,
        peak_flop_per_s=ones * peak,
        grouped=np.zeros(count, dtype=np.bool_),
        per_sequence=head,
    )
    return StepOperators(
        products=products,
        rank_share=1.0 / ranks,
        attention_ranks=1.0,
        expert_share=1.0 / ranks,
        layers=float(count),
        kernels=2.0 * count + 4.0,
        norm_kernels=0.0,
        moe_kernels=0.0,
        elementwise_bytes=gathered + ACTIVATION_BYTES * (2.0 * widths + 3.0 * model.vectors * model.dimension),
        kv_bytes=0.0,
        kv_flop=0.0,
        pair_flop=0.0,
        sequence_bytes=0.0,
        linear_flop=model.interaction_flop,
        attention_peak=attention_peak,
        collectives=1.0 if ranks > 1 else 0.0,
        collective_bytes=model.vectors * model.dimension * ACTIVATION_BYTES,
        collective_ranks=ranks,
        exchanges=0.0,
        exchange_bytes=0.0,
        bandwidth=bandwidth,
        link_bandwidth=link,
        assumed=tuple(dict.fromkeys((*notes, *assumed, *more, *of_link))),
    )
