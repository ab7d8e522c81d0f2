"""Plan every example, print the ranking, and write plan.json, the report and the other views to out/NAME/."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from millwright.cli.plan import EXIT_NO

REPOSITORY = Path(__file__).resolve().parent.parent


def demo(scenarios: Sequence[Path], out: Path) -> int:
    """Plan these scenarios as the command does, each into a folder of `out`; return the exit status."""
    from typer.main import get_command

    from millwright.cli.main import app

    command = get_command(app)
    for scenario in scenarios:
        folder = out / scenario.parent.name
        print(f"\n━━━ millwright plan {_shown(scenario)} --out {_shown(folder)}\n", flush=True)
        status = command.main(["plan", str(scenario), "--out", str(folder)], "millwright", standalone_mode=False)
        if status not in (None, 0, EXIT_NO):  # that nothing is feasible is an answer
            return int(status)
    return 0


def main() -> int:
    scenarios = sorted(REPOSITORY.glob("examples/*/scenario.yaml"))
    began_s = time.perf_counter()
    print(f"Planning {len(scenarios)} examples; the first compiles the simulator, once per machine.", flush=True)
    status = demo(scenarios, REPOSITORY / "out")
    if status == 0:
        took_s = time.perf_counter() - began_s
        print(f"\n{len(scenarios)} examples planned in {took_s:.0f} s. Open out/*/report.html.")
    return status


def _shown(path: Path) -> Path:
    return path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path


if __name__ == "__main__":
    sys.exit(main())
