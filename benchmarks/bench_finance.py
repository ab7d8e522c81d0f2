"""How long the odds of 10,000 draws × 20 options × 60 months take, and reading a bill of 100,000 rows."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from millwright.finance.bill import read_bill
from millwright.finance.case import ApiTokens, CostCase, Demand, Energy, OwnedHosts, Rented, Staff
from millwright.finance.discounting import Value
from millwright.finance.distributions import LogNormal, Triangular, UncertainInput, Uniform
from millwright.finance.uncertainty import CaseFromInputs, compare

OPTIONS, DRAWS, MONTHS = 20, 10_000, 60
BILL_ROWS = 100_000

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


def write_bill(path: Path, rows: int) -> None:
    """Write a FOCUS bill of `rows` rows and 45 columns, every thousandth of them unreadable."""
    dice = random.Random(1)
    categories = ("Compute", "AI and Machine Learning", "Storage", "Networking", "Other")
    filler = ",".join(['"some text, quoted"'] * 40)
    with path.open("w", encoding="utf-8") as file:
        named = ",".join(f"Column{k}" for k in range(40))
        file.write(f"ChargePeriodStart,BilledCost,EffectiveCost,BillingCurrency,ServiceCategory,{named}\n")
        for k in range(rows):
            cost = "oops" if k % 1000 == 0 else repr(dice.random() * 10)
            month, day = dice.randint(1, 12), dice.randint(1, 28)
            category = dice.choice(categories)
            file.write(f"2027-{month:02d}-{day:02d}T00:00:00Z,{cost},{cost},USD,{category},{filler}\n")


def bench_bill() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bill.csv"
        write_bill(path, BILL_ROWS)
        start = time.perf_counter()
        bill = read_bill(path)
        print(
            f"finance: a bill of {bill.rows:,} rows ({path.stat().st_size / 1e6:.0f} MB), {len(bill.faults)} of them "
            f"listed as unreadable, in {time.perf_counter() - start:.2f} s"
        )


def main() -> None:
    bench_bill()
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
