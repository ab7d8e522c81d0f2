"""Counting in constant memory: duplicates among any number of records, and quantiles of any number of values."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

MOST_HASHES = 400_000
BINS_PER_FACTOR_TWO = 32


@dataclass
class DistinctCount:
    """Records and how many of them are repeats, exact up to MOST_HASHES distinct ones and then from a sample of hashes.

    Keeps the hashes whose lowest `level` bits are 0: all records of a content are kept, or none (Gibbons, Distinct
    Sampling, 2001). Hashes are of 64 bits.
    """

    level: int = 0
    counts: dict[int, int] = field(default_factory=dict)
    seen: int = 0

    def add(self, digest: int) -> None:
        """Count a record by the hash of its content."""
        self.seen += 1
        if digest & ((1 << self.level) - 1):
            return
        self.counts[digest] = self.counts.get(digest, 0) + 1
        if len(self.counts) > MOST_HASHES:
            self.level += 1
            mask = (1 << self.level) - 1
            self.counts = {each: count for each, count in self.counts.items() if not each & mask}

    @property
    def repeats(self) -> float:
        """Records that repeat an earlier one; exact while `level` is 0."""
        kept = sum(self.counts.values())
        return self.seen * (kept - len(self.counts)) / kept if kept else 0.0

    @property
    def exact(self) -> bool:
        """Whether the count is exact."""
        return self.level == 0


@dataclass
class LogHistogram:
    """Values of 1 and more in bins of equal ratio: quantiles within about 1 %."""

    bins: dict[int, int] = field(default_factory=dict)
    count: int = 0
    total: float = 0.0
    largest: float = 0.0

    def add(self, value: float) -> None:
        """Count a value; below 1 counts as 1."""
        bin_number = int(math.log2(value) * BINS_PER_FACTOR_TWO) if value > 1.0 else 0
        self.bins[bin_number] = self.bins.get(bin_number, 0) + 1
        self.count += 1
        self.total += value
        self.largest = max(self.largest, value)

    @property
    def mean(self) -> float:
        """Mean of the values; 0 when there is none."""
        return self.total / self.count if self.count else 0.0

    def quantile(self, share: float) -> float:
        """Return the value below which `share` of the values lie; 0 when there is none."""
        wanted, passed = share * self.count, 0
        for number in sorted(self.bins):
            passed += self.bins[number]
            if passed >= wanted:
                return min(self.largest, math.pow(2.0, (number + 0.5) / BINS_PER_FACTOR_TWO))
        return self.largest
