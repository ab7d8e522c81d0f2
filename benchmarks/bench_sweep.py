"""A sweep of 1,000 plans, undisturbed and killed five times: equal tables, and what the kills cost."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCENARIO = """\
organisation: {country: IT, currency: EUR, employees: 25}
workloads:
  - name: assistant
    model: llama-3.3-70b
    traffic: {requests_per_day: 2000, profile: conversation}
    slo: {ttft: 3 s, tpot: 100 ms, percentile: 90}
sites:
  - {name: API, kind: api, countries: [EU]}
"""

SWEEP = """\
scenario: scenario.yaml
vary:
  workloads.assistant.traffic.requests_per_day: [500, 1000, 2000, 4000, 8000]
  finance.discount_rate: [4 %/y, 6 %/y, 8 %/y, 10 %/y]
  finance.api_price_drift: [-50 %/y, -30 %/y, -20 %/y, -10 %/y, 0 %/y]
seeds: 10
draws: 500
"""

KILLS = 5
CELLS = 1_000


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scenario.yaml").write_text(SCENARIO)
        (folder / "sweep.yaml").write_text(SWEEP)
        calm_s = timed(folder, "calm")
        began = time.perf_counter()
        for kill in range(KILLS):
            process = begin(folder, "killed")
            while finished(folder, "killed") < (kill + 1) * CELLS // (KILLS + 1) and process.poll() is None:
                time.sleep(0.05)
            process.send_signal(signal.SIGKILL)
            process.wait()
            print(f"killed with {finished(folder, 'killed'):,} of {CELLS:,} plans finished")
        timed(folder, "killed")
        killed_s = time.perf_counter() - began
        equal = (folder / "calm" / "results.csv").read_bytes() == (folder / "killed" / "results.csv").read_bytes()
        again_s = timed(folder, "killed")
    print(f"{CELLS:,} plans on all cores {calm_s:6.1f} s   {CELLS / calm_s:,.0f} plans/s")
    print(
        f"killed {KILLS} times, begun again {killed_s:4.1f} s   {killed_s / calm_s:.2f} × undisturbed, equal: {equal}"
    )
    print(f"run again, nothing left to do  {again_s:6.1f} s   {again_s / calm_s:.3f} ×")


def timed(folder: Path, out: str) -> float:
    began = time.perf_counter()
    if begin(folder, out).wait() != 0:
        raise SystemExit("the sweep failed")
    return time.perf_counter() - began


def begin(folder: Path, out: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "millwright.cli.main", "sweep", str(folder / "sweep.yaml")]
    options = ["--out", str(folder / out), "--as-of", "2026-11-21"]
    return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)


def finished(folder: Path, out: str) -> int:
    ledger = folder / out / "cells.jsonl"
    return max(ledger.read_bytes().count(b"\n") - 1, 0) if ledger.exists() else 0


if __name__ == "__main__":
    main()
