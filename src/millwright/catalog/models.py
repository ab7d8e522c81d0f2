"""Names of models: how the many spellings of one model are told to be the same, and the precision a name implies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from millwright.catalog.precision import Precision

_PRECISION_WORDS: tuple[tuple[str, Precision], ...] = (
    (r"nvfp4|fp4-?v2|\bfp4\b", Precision.NVFP4),
    (r"mxfp4", Precision.MXFP4),
    (r"\bfp8[-_ ]?block\b", Precision.FP8_BLOCK),
    (r"fp8|w8a8[-_]fp8", Precision.FP8),
    (r"\bq8|\bint8\b|w8a8|w8a16", Precision.INT8),
    (r"\bint4\b|w4a16|\bawq\b|\bgptq\b|4bit|4-bit", Precision.INT4),
    (r"bf16|bfloat16|\bfp16\b|\bf16\b|float16", Precision.BF16),
)


def precision_hint(name_or_config: str | Mapping[str, Any]) -> Precision | None:
    """Return the weight precision that a checkpoint's name or its `quantization_config` implies, or None."""
    if isinstance(name_or_config, str):
        return _hint_of_name(name_or_config)
    quantisation = name_or_config.get("quantization_config")
    return _hint_of_quantisation(quantisation) if isinstance(quantisation, Mapping) else None


def _hint_of_name(name: str) -> Precision | None:
    text = name.casefold().replace("_", "-")
    return next((precision for words, precision in _PRECISION_WORDS if re.search(words, text)), None)


def _hint_of_quantisation(quantisation: Mapping[str, Any]) -> Precision | None:
    method = str(quantisation.get("quant_method", "")).casefold()
    if method == "fp8":
        return Precision.FP8_BLOCK if quantisation.get("weight_block_size") else Precision.FP8
    return _hint_of_name(method)
