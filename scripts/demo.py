"""Plan every example, print the ranking, and write plan.json and report.html to out/NAME/."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from millwright.cli.plan import EXIT_NO
from millwright.cli.plan import plan as plan_command

REPOSITORY = Path(__file__).resolve().parent.parent


def main() -> int:
    import typer

    scenarios = sorted(REPOSITORY.glob("examples/*/scenario.yaml"))
    began_s = time.perf_counter()
    print(f"Planning {len(scenarios)} examples; the first compiles the simulator, once per machine.", flush=True)
    for scenario in scenarios:
        out = REPOSITORY / "out" / scenario.parent.name
        print(
            f"\n━━━ millwright plan {scenario.relative_to(REPOSITORY)} --out {out.relative_to(REPOSITORY)}\n",
            flush=True,
        )
        try:
            plan_command(
                scenario, out=out, as_json=False, show_all=False, as_of=None, seed=0, models=None, devices=None
            )
        except typer.Exit as leave:
            if leave.exit_code != EXIT_NO:
                raise
    print(f"\n{len(scenarios)} examples planned in {time.perf_counter() - began_s:.0f} s. Open out/*/report.html.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
