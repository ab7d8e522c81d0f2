"""Memory of the host as a second, slower place for KV cache."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostMemory:
    """Room for `capacity_tokens` of KV cache beside the device's, and what bringing some of it back takes [s].

    `start_s` once in each step that needs any, `s_per_token` for each token. Only prefix blocks go there.
    """

    capacity_tokens: int
    start_s: float
    s_per_token: float

    def __post_init__(self) -> None:
        if self.capacity_tokens < 0 or not (self.start_s >= 0 and self.s_per_token >= 0):
            raise ValueError(f"neither room nor times of the host's memory can be negative: {self}")

    @classmethod
    def of_bandwidth(
        cls, memory_bytes: float, kv_bytes_per_token: float, bytes_per_s: float, start_s: float = 1e-4
    ) -> HostMemory:
        """Return so many bytes of host memory over a link of `bytes_per_s`.

        `kv_bytes_per_token` are those of the whole replica, as `bytes_per_s` is what all its devices load together.
        """
        return cls(int(memory_bytes / kv_bytes_per_token), start_s, kv_bytes_per_token / bytes_per_s)
