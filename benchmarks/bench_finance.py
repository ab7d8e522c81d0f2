"""10,000 draws × 20 options × 60 months: how long the odds take."""

from __future__ import annotations

import time
from collections.abc import Mapping

from millwright.finance.case import ApiTokens, CostCase, Demand, Energy, OwnedHosts, Rented, Staff
from millwright.finance.discounting import Value
from millwright.finance.distributions import LogNormal, Triangular, UncertainInput, Uniform
from millwright.finance.uncertainty import CaseFromInputs, compare

OPTIONS, DRAWS, MONTHS = 20, 10_000, 60

INPUTS = (
    UncertainInput("price", LogNormal(0.8, 1.3)),
    UncertainInput("life", Triangular(36, 48, 72)),
    UncertainInput("residual", Triangular(0.05, 0.18, 0.5)),
    UncertainInput("maintenance", Triangular(0.05, 0.10, 0.15)),
    UncertainInput("tariff", Triangular(0.12, 0.19, 0.30)),
    UncertainInput("fte", Uniform(0.5, 1.5)),
    UncertainInput("rate", Uniform(0.08, 0.12)),
    UncertainInput("inflation", Triangular(0.01, 0.02, 0.04)),
    UncertainInput("demand", LogNormal(0.5, 2.0)),
    UncertainInput("api_drift", Uniform(-0.5, 0.0)),
)


def option(number: int) -> CaseFromInputs:
    """One of twenty: half are owned, five rented, five bought as tokens."""

    def build(v: Mapping[str, Value]) -> CostCase:
        staff = Staff("staff", "bench", v["fte"], 100_000.0)
        owned = (
            OwnedHosts("hardware", "bench", 1.0 + number, 3e5 * v["price"], v["life"], v["residual"], install=5e3,
                       maintenance_share_per_y=v["maintenance"]),
            Energy("energy", "bench", 1.0 + number, 2_000.0, 10_000.0, 0.3, v["tariff"], 1.4),
            staff,
        )  # fmt: skip
        rented = (Rented("rent", "bench", 1.0 + number, 20.0), staff)
        tokens = (ApiTokens("api", "bench", 0.1 * number, 0.5 * number, drift_per_y=v["api_drift"]),)
        demand = Demand(1e9 * v["demand"], 2e8 * v["demand"], 1e6 * v["demand"])
        items = owned if number < 10 else rented if number < 15 else tokens
        return CostCase(f"option {number}", "USD", MONTHS, v["rate"], demand, items, v["inflation"])

    return build


def main() -> None:
    options = {f"option {k}": option(k) for k in range(OPTIONS)}
    compare(options, INPUTS, 100)
    for _ in range(3):
        start = time.perf_counter()
        found = compare(options, INPUTS, DRAWS)
        compared = time.perf_counter() - start
        found.value_of_knowing  # noqa: B018
        known = time.perf_counter() - start - compared
        print(
            f"finance: {DRAWS:,} draws × {OPTIONS} options × {MONTHS} months in {compared:.2f} s; "
            f"value of information of {len(INPUTS)} inputs in {known:.2f} s more"
        )


if __name__ == "__main__":
    main()
