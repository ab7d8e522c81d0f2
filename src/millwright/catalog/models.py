"""Names of models: how the many spellings of one model are told to be the same, and what a name says of precision.

`Llama 3.1:70b`, `meta-llama/Meta-Llama-3.1-70B-Instruct` and `/models/llama3_1-70b-fp8` are one architecture. What
changes the weights' format or the training, but not the layers, does not count.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from millwright.catalog.precision import Precision

_BRACKETS = re.compile(r"[(\[][^()\[\]]*[)\]]")
_NOT_WORDS = re.compile(r"[^a-z0-9]+")
_TOKENS = re.compile(r"\d+(?:x\d+)?[a-z]*|[a-z]+")
_FORMATS = re.compile(
    r"\b(?:"
    r"nvfp4|(?:mx)?fp[48](?: v\d)?|fp16|fp32|bf16|bfloat16|float16|f16|f32|int[48]|[48] ?bit|w\d+a\d+|awq|gptq|gguf"
    r"|i?q\d(?: [01k])?(?: (?:xxs|xs|s|m|l|xl|small|medium|large))?|ud|dyn|dynamic|static|pertensor|per tensor|block"
    r"|quantized|quark|modelopt|kv"
    r")\b"
)
_TRAINING = frozenset(
    {"instruct", "chat", "it", "hf", "base", "pt", "preview", "sft", "dpo", "reasoning", "text", "edge", "interactive"}
)
_SELLERS = frozenset(
    {"meta", "nvidia", "neuralmagic", "unsloth", "redhatai", "mistralai", "openai", "google", "microsoft", "amd"}
)
_LOOSE = frozenset({"thinking", "coder", "code"})
_DATE = re.compile(r"(?:2[0-9]|0[1-9]|1[0-2])\d{2}")


def normalise_model_name(name: str, loose: bool = False) -> str:
    """Return a model's name as it is compared: its words and numbers, without path, seller, format and training.

    `loose` leaves out release dates (`2507`) and words such as `thinking` and `coder` as well: for a second try, since
    for some families they stand for other layers. A name of nothing but such words stays as it is.
    """
    text = _BRACKETS.sub(" ", name.casefold()).strip().rstrip("/").rsplit("/", 1)[-1]
    text = _FORMATS.sub(" ", _NOT_WORDS.sub(" ", text))
    tokens = [token for word in text.split() if word not in _TRAINING for token in _TOKENS.findall(word)]
    while len(tokens) > 1 and tokens[0] in _SELLERS:
        tokens = tokens[1:]
    kept = [token for token in tokens if token != "v"]
    if loose:
        kept = [token for token in kept if token not in _LOOSE and not _DATE.fullmatch(token)]
    return "-".join(kept or tokens)


def names_of(entries: Collection[Mapping[str, Any]]) -> dict[str, str]:
    """Return the id of every name that the entries go by, to look loose names up in; the first entry wins.

    Names stand in it as written (but for case), then normalised, then loosely normalised: one that is written out means
    its model even where another's, stripped of its format, would look the same.
    """
    found: dict[str, str] = {}
    for spelling in _SPELLINGS:
        for entry in entries:
            for name in (entry["id"], entry.get("name", entry["id"]), *entry.get("aliases", ())):
                found.setdefault(spelling(str(name)), str(entry["id"]))
    return found


def find_model(name: str, known: Mapping[str, str]) -> str | None:
    """Return the id of the model that a loose name means, or None; `known` is what `names_of` returns."""
    return next((known[key] for spelling in _SPELLINGS if (key := spelling(name)) in known), None)


def _as_written(name: str) -> str:
    return name.casefold().strip()


def _loosely(name: str) -> str:
    return normalise_model_name(name, loose=True)


_SPELLINGS = (_as_written, normalise_model_name, _loosely)


def parameters_in_name(name: str) -> tuple[float | None, float | None]:
    """Return the total and active parameters that a name states (`30B-A3B`: 30e9 and 3e9), each None where it does not.

    A name such as `8x7B` states neither: its experts share the rest of the layers.
    """
    sizes = re.findall(r"(?<![0-9a-z.x])(a|e)?(\d+(?:\.\d+)?)(b|m|t)(?![0-9a-z])", name.casefold())
    scale = {"b": 1e9, "m": 1e6, "t": 1e12}
    total = [float(number) * scale[unit] for kind, number, unit in sizes if not kind]
    active = [float(number) * scale[unit] for kind, number, unit in sizes if kind == "a"]
    return (total[0] if total else None), (active[0] if active else None)


_PRECISION_WORDS: tuple[tuple[str, Precision], ...] = (
    (r"mxfp4", Precision.MXFP4),
    (r"nvfp4|fp4", Precision.NVFP4),
    (r"fp8[-_ ]?block|block[-_ ]?fp8|fp8_pb", Precision.FP8_BLOCK),
    (r"fp8|float8|float-quantized", Precision.FP8),
    (r"\bi?q8|\bq6", Precision.Q8_0),
    (r"\bi?q[2345]", Precision.Q4_K_M),
    (r"int8|w8a8|w8a16|8[- ]?bit", Precision.INT8),
    (r"int4|w4a16|w4a8|\bawq\b|\bgptq\b|4[- ]?bit", Precision.INT4),
    (r"bf16|bfloat16|fp16|\bf16\b|float16", Precision.BF16),
)


def precision_hint(name_or_config: str | Mapping[str, Any]) -> Precision | None:
    """Return the weight precision that a checkpoint's name or its `quantization_config` implies, or None.

    GGUF formats other than `Q8_0` and `Q4_K_M` are given as the nearer of the two; `fp4` without more is NVIDIA's.
    """
    if isinstance(name_or_config, str):
        text = name_or_config.casefold().replace("_", "-")
        return next((precision for words, precision in _PRECISION_WORDS if re.search(words, text)), None)
    quantisation = name_or_config.get("quantization_config")
    return _of_quantisation(quantisation) if isinstance(quantisation, Mapping) else None


def native_bytes_per_weight(config: Mapping[str, Any]) -> float:
    """Return the bytes per weight of an int4 checkpoint that states its group size (one bf16 scale each), else 0."""
    quantisation = config.get("quantization_config")
    if not isinstance(quantisation, Mapping) or _of_quantisation(quantisation) is not Precision.INT4:
        return 0.0
    group = _weights_section(quantisation).get("group_size", quantisation.get("group_size"))
    return 0.5 + 2.0 / group if isinstance(group, int) and group > 0 else 0.0


def _of_quantisation(quantisation: Mapping[str, Any]) -> Precision | None:
    """Return the precision of a `quantization_config` of any of the usual methods."""
    method = str(quantisation.get("quant_method", "")).casefold()
    if method == "fp8":
        return Precision.FP8_BLOCK if quantisation.get("weight_block_size") else Precision.FP8
    if method == "bitsandbytes":
        return Precision.INT4 if quantisation.get("load_in_4bit") else Precision.INT8
    if method in ("gptq", "awq", "auto-round"):
        return Precision.INT8 if quantisation.get("bits") == 8 else Precision.INT4
    weights = _weights_section(quantisation)
    described = " ".join(
        str(each)
        for each in (quantisation.get("format"), quantisation.get("quant_algo"), weights.get("dtype"), method)
        if each
    )
    named = precision_hint(described)
    if weights.get("strategy") == "block" and named is Precision.FP8:
        return Precision.FP8_BLOCK
    if named is not None:
        return named
    bits = {"int4": Precision.INT4, "int8": Precision.INT8, "float8": Precision.FP8}
    return bits.get(f"{weights.get('type')}{weights.get('num_bits')}")


def _weights_section(quantisation: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a compressed-tensors, ModelOpt or Quark config says of the weights."""
    groups = quantisation.get("config_groups")
    whole = quantisation.get("global_quant_config")
    first: Any = next(iter(groups.values()), None) if isinstance(groups, Mapping) else whole
    weights = first.get("weights", first.get("weight")) if isinstance(first, Mapping) else None
    return weights if isinstance(weights, Mapping) else {}
