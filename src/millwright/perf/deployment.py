"""A deployment: a model on k devices of one kind under one engine and its scheduler limits."""

from __future__ import annotations

from dataclasses import dataclass, field

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.catalog.precision import Precision
from millwright.perf.speculation import Draft


@dataclass(frozen=True, slots=True)
class SchedulerLimits:
    """What bounds one engine's batch: vLLM's names where it has one.

    `max_num_batched_tokens` is the token budget of one step; `watermark` the share of KV blocks kept free when
    admitting. `prefill_first`: while there are prompts to compute, a step holds nothing else, and decoding waits.
    Without `chunked_prefill` a prompt enters a step whole, unless it is longer than a step. `reserved_output` is the
    share of the answers' cache still to come that is kept free when admitting (0: none; 1: nobody is ever preempted).
    """

    max_num_seqs: int = 256
    max_num_batched_tokens: int = 8192
    block_size_tokens: int = 16
    watermark: float = 0.01
    max_model_len_tokens: int = 131_072
    prefill_first: bool = False
    chunked_prefill: bool = True
    reserved_output: float = 0.0


@dataclass(frozen=True, slots=True)
class Engine:
    """An inference engine and its version (`""`: the newest known)."""

    name: str = "vllm"
    version: str = ""


@dataclass(frozen=True, slots=True)
class HostNetwork:
    """What joins the hosts that one replica spans: `bytes_per_s` of each device, one way, and the time of a message.

    `source` says who says so; `assumed` where nobody does.
    """

    devices_per_host: int
    bytes_per_s: float
    latency_s: float
    source: str = ""
    assumed: bool = True


@dataclass(frozen=True)
class Deployment:
    """Model + precision + engine + parallelism + limits, on `tp * pp * dp` devices.

    `ep` is the number of devices that share the experts (1: experts are split like dense weights, by TP).
    """

    model: Architecture
    device: Device
    engine: Engine = field(default_factory=Engine)
    weights: Precision = Precision.BF16
    kv: Precision = Precision.BF16
    tp: int = 1
    pp: int = 1
    ep: int = 1
    dp: int = 1
    dp_attention: bool = False
    limits: SchedulerLimits = field(default_factory=SchedulerLimits)
    draft: Draft | None = None  # speculative decoding
    item_tokens: float = 0.0  # a request is several sequences of about this length (reranking); 0: a single one
    memory_fraction: float | None = None  # share of device memory the engine may use; None: the engine's default
    network: HostNetwork | None = None  # where one replica spans several hosts

    @property
    def device_count(self) -> int:
        """Devices of one replica."""
        return self.tp * self.pp * self.dp

    @property
    def host_count(self) -> int:
        """Hosts that one replica spans."""
        return 1 if self.network is None else max(-(-self.device_count // self.network.devices_per_host), 1)
