"""Number formats of weights and caches, and which arithmetic they run on."""

from __future__ import annotations

from enum import StrEnum


class Precision(StrEnum):
    """How weights (or KV entries) are stored."""

    BF16 = "bf16"
    FP8 = "fp8"
    FP8_BLOCK = "fp8_block"
    INT8 = "int8"
    INT4 = "int4"
    NVFP4 = "nvfp4"
    MXFP4 = "mxfp4"
    Q8_0 = "q8_0"
    Q4_K_M = "q4_k_m"

    @property
    def bytes_per_weight(self) -> float:
        """Bytes that one weight takes, scales included."""
        return _BYTES_PER_WEIGHT[self]

    @property
    def compute(self) -> Compute:
        """The arithmetic its matrix products run on where the device has it (else the next wider one)."""
        return _COMPUTE[self]


class Compute(StrEnum):
    """Arithmetic of a matrix product, as devices' peak rates are stated."""

    BF16 = "bf16"
    FP8 = "fp8"
    INT8 = "int8"
    FP4 = "fp4"


_BYTES_PER_WEIGHT = {
    Precision.BF16: 2.0,
    Precision.FP8: 1.0,
    Precision.FP8_BLOCK: 1.0 + 4.0 / (128 * 128),  # one fp32 scale per 128 x 128 block
    Precision.INT8: 1.0,
    Precision.INT4: 0.5 + 2.0 / 128,  # group size 128, fp16 scale
    Precision.NVFP4: 0.5 + 1.0 / 16,  # one fp8 scale per 16 values
    Precision.MXFP4: 0.5 + 1.0 / 32,  # one 8-bit exponent per 32 values
    Precision.Q8_0: 34.0 / 32,  # GGUF: 32 int8 and one fp16 scale
    Precision.Q4_K_M: 4.85 / 8,  # GGUF mixture of Q4_K and Q6_K tensors, about 4.85 bits on Llama models
}

_COMPUTE = {
    Precision.BF16: Compute.BF16,
    Precision.FP8: Compute.FP8,
    Precision.FP8_BLOCK: Compute.FP8,
    Precision.INT8: Compute.INT8,
    Precision.INT4: Compute.BF16,
    Precision.NVFP4: Compute.FP4,
    Precision.MXFP4: Compute.FP4,
    Precision.Q8_0: Compute.BF16,
    Precision.Q4_K_M: Compute.BF16,
}
