"""From the words of a serving point to a deployment: which device, model, format and layout they mean.

A name that the catalogue does not know is met half-way: a device or model whose name it contains, then one made up from
what the words tell (a size such as `70B`, a vendor). What was made up is said in `notes`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from millwright.catalog.architecture import Architecture, Attention, AttentionKind, FeedForward, LayerGroup
from millwright.catalog.catalog import Catalog, UnknownNameError
from millwright.catalog.device import Device, DeviceKind
from millwright.catalog.models import precision_hint
from millwright.catalog.precision import Compute, Precision
from millwright.measure.points import Phase, Pool, ServingPoint
from millwright.measure.rigs import Settings, model_word, rig_of, server_settings
from millwright.perf.deployment import Deployment, Engine, SchedulerLimits
from millwright.perf.engines import engine_id, engine_profile, version_years

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ResolvedPoint:
    """A point with its deployment. Disaggregated points have one deployment per phase, else `prefill` is None.

    `deployment` is one replica (the decode side when disaggregated), `replicas` how many of it share the load.
    """

    point: ServingPoint
    deployment: Deployment
    replicas: int
    prefill: Deployment | None
    prefill_replicas: int
    notes: tuple[str, ...]


@dataclass
class Resolver:
    """Resolves points against a catalogue, remembering names it has met."""

    catalog: Catalog
    _devices: dict[str, tuple[Device, str]] = field(default_factory=dict)
    _models: dict[tuple[str, float | None], tuple[Architecture, str]] = field(default_factory=dict)

    def resolve(self, point: ServingPoint) -> ResolvedPoint:
        """Return the deployment that a point was measured on, as far as its words tell."""
        device, device_note = self.device(point.accelerator)
        model, model_note = self.model(model_word(point), point.parameters_billion)
        weights = weight_precision(point.weights_text, point.model, model, engine_id(point.engine), device.vendor)
        settings = None if point.disaggregated else server_settings(point, device, model, weights)
        kv = kv_precision(point.kv_text, weights, engine_id(point.engine), device)
        if settings is not None and not point.kv_text:
            kv = settings.kv
        notes = tuple(note for note in (device_note, model_note) if note)
        layout = _layout(point, device, model)
        limits = _limits(point, settings)
        engine = Engine(engine_id(point.engine), _version(point))

        def build(tp: int, pp: int, dp: int, ep: int, dp_attention: bool) -> Deployment:
            return Deployment(model, device, engine, weights, kv, tp, pp, ep, dp, dp_attention, limits)

        if point.decode_pool and point.prefill_pool:
            return ResolvedPoint(
                point,
                build(*_pool_layout(point.decode_pool, model)),
                point.decode_pool.workers,
                build(*_pool_layout(point.prefill_pool, model)),
                point.prefill_pool.workers,
                notes,
            )
        tp, pp, dp, ep, dp_attention, replicas = layout
        return ResolvedPoint(point, build(tp, pp, dp, ep, dp_attention), replicas, None, 0, notes)

    def device(self, name: str) -> tuple[Device, str]:
        """Return the device meant by a name and a note when it had to be guessed."""
        if name not in self._devices:
            self._devices[name] = self._find_device(name)
        return self._devices[name]

    def model(self, name: str, billions: float | None) -> tuple[Architecture, str]:
        """Return the model meant by a name and a note when it had to be guessed from its size."""
        key = (name, billions)
        if key not in self._models:
            self._models[key] = self._find_model(name, billions)
        return self._models[key]

    def _find_device(self, name: str) -> tuple[Device, str]:
        for each in _spellings(name):
            try:
                return self.catalog.device(each), ""
            except UnknownNameError:
                continue
        plain = self._undecorated_device(name)
        if plain is not None:
            return plain, ""
        words = _words(name)
        best = _most_contained(words, ((each, (each.id, each.name, *each.aliases)) for each in self.catalog.devices()))
        if best is not None:
            return best, f"'{name}' taken to be {best.name}"
        return guessed_device(name), f"'{name}' is not in the catalogue: a typical device of its kind assumed"

    def _undecorated_device(self, name: str) -> Device | None:
        """Return the device of a name less its form factor and the size of a memory that it has."""
        stated = re.search(r"\b(\d+)\s*(?=GB\b)", name)
        plain = re.sub(r"\b(\d+\s*GB|HBM\w*|SXM\d*)\b", " ", name)
        try:
            device = self.catalog.device(" ".join(plain.split()))
        except UnknownNameError:
            return None
        if stated is None or device.memory_bytes is None:
            return device if stated is None else None
        return device if math.isclose(float(stated[1]) * 1e9, device.memory_bytes, rel_tol=_SAME_MEMORY) else None

    def _find_model(self, name: str, billions: float | None) -> tuple[Architecture, str]:
        for each in (
            *_spellings(name),
            name.split("/")[-1],
            re.sub(r"[-_]?(UD[-_])?I?Q\d\w*$", "", name.split("/")[-1]),
        ):
            try:
                return self.catalog.model(each), ""
            except UnknownNameError:
                continue
        words = _words(name)
        best = _most_contained(words, ((each, (each.id, each.name, *each.aliases)) for each in self.catalog.models()))
        if best is not None:
            return best, f"'{name}' taken to be {best.name}"
        return guessed_model(name, billions), f"'{name}' is not in the catalogue: a decoder of its size assumed"


def _limits(point: ServingPoint, settings: Settings | None) -> SchedulerLimits:
    """Return the engine's own rules and limits, with those numbers that the benchmark is known to set."""
    profile = engine_profile(point.engine)
    sequences, tokens = profile.max_num_seqs, profile.max_num_batched_tokens
    if settings is not None:
        sequences = settings.sequences or sequences
        if settings.step_tokens is not None:
            longest = point.input_tokens * (1.0 + point.spread / 2.0)
            tokens = settings.step_tokens.of(longest, point.level or 1.0)
    return SchedulerLimits(
        max_num_seqs=min(sequences, tokens),
        max_num_batched_tokens=tokens,
        prefill_first=profile.prefill_first,
        chunked_prefill=profile.chunked_prefill,
        reserved_output=profile.reserved_output,
    )


def _spellings(name: str) -> tuple[str, ...]:
    bare = re.sub(r"\s*\(.*?\)", "", name).strip()
    first = bare.split(" + ")[0].strip()
    last = re.sub(r"\s+(CPU|GPU|GPU/CPU)$", "", first)
    return tuple(dict.fromkeys(each for each in (name, bare, first, last) if each))


_SAME_MEMORY = 0.075
"""Labels give a memory as sold or as usable, in GB or GiB."""

_FILLER = frozenset({"nvidia", "amd", "intel", "apple", "geforce", "instinct", "gpu", "the", "meta", "instruct"})


def _words(name: str) -> frozenset[str]:
    parts = re.findall(r"[a-z]+|\d+(?:\.\d+)?[a-z]*", re.sub(r"\(.*?\)", " ", name).lower())
    return frozenset(parts) - _FILLER


def _most_contained(words: frozenset[str], candidates: Iterable[tuple[T, tuple[str, ...]]]) -> T | None:
    """Return the candidate of which the most words stand in `words`, none missing and at least one with a digit."""
    best, best_size = None, 0
    for candidate, names in candidates:
        for each in names:
            found = _words(each)
            size = sum(len(word) for word in found)
            if found and found <= words and any(c.isdigit() for word in found for c in word) and size > best_size:
                best, best_size = candidate, size
    return best


def weight_precision(words: str, model_name: str, model: Architecture, engine: str, vendor: str) -> Precision:
    """Return the weight format that a row's words mean; where they say nothing, what name or checkpoint implies.

    `fp4` alone is the model's own four-bit format where it has one (gpt-oss), MXFP4 on AMD's devices,
    which have no NVFP4, else NVFP4. `fp8` is block-scaled where the published checkpoint is.
    """
    text = words.lower()
    unstated = "not stated" in text and "fp16" not in text and "q4" not in text
    if not text or unstated:
        return precision_hint(model_name) or _published(model)
    if "mxfp4" in text and "q4" not in text:
        return Precision.MXFP4
    if "fp4" in text and "q4" not in text:
        open_format = model.native_precision == Precision.MXFP4 or (vendor == "AMD" and "nvfp4" not in text)
        return Precision.MXFP4 if open_format else Precision.NVFP4
    if "fp8" in text:
        blocks = model.native_precision == Precision.FP8_BLOCK and engine != "trtllm"
        return Precision.FP8_BLOCK if blocks else Precision.FP8
    if re.search(r"q[6-8]|q5", text):
        return Precision.Q8_0 if "q8" in text else Precision.INT8 if "q6" in text else Precision.Q4_K_M
    if re.search(r"q[2-4]|ollama", text):
        return Precision.MXFP4 if model.native_precision == Precision.MXFP4 and "ollama" in text else Precision.Q4_K_M
    if "int8" in text or "w8a8" in text or "8-bit" in text:
        return Precision.INT8
    if "int4" in text or "4-bit" in text or "4bit" in text:
        return Precision.INT4
    return Precision.BF16


def _published(model: Architecture) -> Precision:
    """Return the format of the published checkpoint, bf16 where it is none of ours."""
    try:
        return Precision(model.native_precision)
    except ValueError:
        return Precision.BF16


def kv_precision(words: str, weights: Precision, engine: str, device: Device) -> Precision:
    """Return the KV format: as stated, else fp8 for a quantised model on TensorRT-LLM or on a device that has fp4."""
    text = words.lower()
    if text:
        return Precision.FP8 if "8" in text and "fp16" not in text and "bf16" not in text else Precision.BF16
    quantised = weights in (Precision.FP8, Precision.FP8_BLOCK, Precision.NVFP4, Precision.MXFP4)
    if quantised and engine == "trtllm" and device.peak_flop_per_s.get(Compute.FP8):
        return Precision.FP8
    native = quantised and device.peak_flop_per_s.get(Compute.FP4)
    return Precision.FP8 if native else Precision.BF16


def _version(point: ServingPoint) -> str:
    """Return the engine's version, told or its benchmark's; else the month it was measured in."""
    rig = rig_of(point)
    if not point.engine_version and rig is not None and rig.engine_version:
        return rig.engine_version
    version = point.engine_version
    if version and version_years(point.engine, version) is not None and "dynamo" not in version + point.engine:
        known = version_years(point.engine, version)
        dated = version_years(point.engine, point.date) if point.date else None
        if dated is None or known is None or abs(dated - known) < 0.75:
            return version
    return point.date or version


def _layout(point: ServingPoint, device: Device, model: Architecture) -> tuple[int, int, int, int, bool, int]:
    """Return (tp, pp, dp, ep, dp_attention, replicas) of an aggregated point."""
    total, pp = max(1, point.devices), max(1, point.pp)
    if engine_id(point.engine) == "llama.cpp" and total > 1:
        return 1, total, 1, 1, False, 1  # layers are split over devices
    room = max(1, total // pp)
    if point.phase is not Phase.BOTH and point.tp is None and total == 1:
        return 1, 1, 1, 1, False, 1
    tp = point.tp or room
    ep = max(1, min(point.ep, room))
    if point.dp_attention:
        # attention is data-parallel over the whole group, whichever of tp and dp the table wrote it in
        dp = point.dp or tp
        dp = dp if dp * (room // max(1, dp)) == room else room
        return max(1, room // dp), pp, dp, ep if ep > 1 else room, True, 1
    if tp > room:
        tp = room
    if ep > tp and model.is_moe and (point.dp or 1) <= 1:
        tp = min(room, ep)  # expert parallelism within the tensor-parallel group
    if model.is_moe and ep > 1 and (point.dp or 1) > 1:
        return max(1, room // (point.dp or 1)), pp, point.dp or 1, ep, True, 1
    replicas = max(1, room // tp)
    return tp, pp, 1, min(ep, tp), False, replicas


def _pool_layout(pool: Pool, model: Architecture) -> tuple[int, int, int, int, bool]:
    """Return (tp, pp, dp, ep, dp_attention) of one worker of a disaggregated pool: what tp leaves over is dp."""
    tp = max(1, min(pool.tp, pool.devices))
    dp = max(1, pool.devices // tp)
    if dp == 1:
        return tp, 1, 1, min(pool.ep, tp), False
    return tp, 1, dp, tp * dp if model.is_moe else 1, model.is_moe


def guessed_model(name: str, billions: float | None) -> Architecture:
    """Return a plain decoder of about `billions` parameters (7 where unknown), a mixture when the name says `A3B`."""
    size = max(billions or 7.0, 0.05)
    active = re.search(r"[-_ ]A(\d+(?:\.\d+)?)B", name, re.IGNORECASE)
    layers = int(min(128, max(12, round(26 * size**0.27))))
    if active:
        part = float(active.group(1))
        hidden = _rounded((part * 1e9 / layers / 14) ** 0.5)
        experts, chosen = 128, 8
        inner = _rounded(size * 1e9 / layers / experts / 3 / hidden, 64)
        block = FeedForward(inner, experts=experts, experts_per_token=chosen)
    else:
        hidden = _rounded((size * 1e9 / layers / 13) ** 0.5)
        block = FeedForward(_rounded(3.5 * hidden))
    heads = max(4, hidden // 128)
    attention = Attention(AttentionKind.FULL, heads, max(1, min(8, heads)), 128)
    return Architecture(
        id=f"guess:{name}",
        name=name or "unnamed model",
        family="unknown",
        hidden_size=hidden,
        vocab_size=128_000,
        layers=(LayerGroup(layers, attention, block),),
        tied_embeddings=size < 3,
        max_context_tokens=131_072,
        assumptions=(f"sizes guessed from {size:g} billion parameters",),
    )


def _rounded(value: float, step: int = 128) -> int:
    return max(step, round(value / step) * step)


_TYPICAL: tuple[tuple[str, str, DeviceKind, float, float, float, float], ...] = (
    (r"\bcpu\b|xeon|epyc|core|ampere ?one|\bpi\b|n150", "unknown", DeviceKind.CPU, 64e9, 60e9, 1.0e12, 150.0),
    (r"apple|\bm[1-9]\b", "apple", DeviceKind.APPLE, 32e9, 200e9, 10e12, 60.0),
    (r"trainium|inferentia|aws", "aws", DeviceKind.ASIC, 32e9, 820e9, 95e12, 300.0),
    (r"tpu", "google", DeviceKind.TPU, 32e9, 1.2e12, 300e12, 250.0),
    (r"radeon|\brx\b|ryzen", "amd", DeviceKind.GPU, 16e9, 550e9, 80e12, 250.0),
    (r"\bmi\d", "amd", DeviceKind.GPU, 128e9, 3.2e12, 500e12, 600.0),
    (r"arc|intel", "intel", DeviceKind.GPU, 16e9, 450e9, 100e12, 190.0),
    (r"rtx|geforce|quadro|gtx", "nvidia", DeviceKind.GPU, 16e9, 600e9, 90e12, 250.0),
)

_TYPICAL_ACCELERATOR = ("", "unknown", DeviceKind.GPU, 80e9, 2.0e12, 500e12, 500.0)


def guessed_device(name: str) -> Device:
    """Return a device with the figures that are typical of what its name says it is."""
    lowered = name.lower()
    typical = next((each for each in _TYPICAL if re.search(each[0], lowered)), _TYPICAL_ACCELERATOR)
    _, vendor, kind, memory, bandwidth, peak, power = typical
    stated = re.search(r"(\d{2,4})\s*GB", name, re.IGNORECASE)
    return Device(
        id=f"guess:{name}",
        name=name or "unnamed device",
        vendor=vendor,
        kind=kind,
        family="unknown",
        memory_bytes=float(stated.group(1)) * 1e9 if stated else memory,
        memory_bandwidth_bytes_per_s=bandwidth,
        peak_flop_per_s={Compute.BF16: peak},
        tdp_w=power,
    )
