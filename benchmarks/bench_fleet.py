"""How long the mixed fleet takes, how near its optimum is known to be, and what mixing is worth on the example.

Plans `examples/mixed-fleet` and, of the other examples, those with one workload at several sites.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from millwright.plan.make import make_plan
from millwright.scenario.load import load_scenario

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NAMES = ("mixed-fleet", "hospital-chat")
TODAY = dt.date(2026, 11, 21)


def main() -> None:
    for name in NAMES:
        plan = make_plan(load_scenario(EXAMPLES / name / "scenario.yaml"), today=TODAY)
        took = {timing.stage: timing.wall_s for timing in plan.timings}
        print(f"{name}: the mixed fleet {took['the mixed fleet']:.1f} s of {sum(took.values()):.1f} s")
        if plan.mix is None:
            continue
        print(f"  {plan.mix.sentence}")
        print(
            f"  gap {plan.mix.gap:.2%}; {plan.mix.supplies_looked_at} supplies, {plan.mix.supplies_left_out} left out"
        )
        for each in plan.mix.limit_costs:
            print(f"  {each.sentence}")
        if plan.mix.proof is not None:
            proof = plan.mix.proof
            print(f"  headroom predicted {proof.predicted_headroom:.2f}, simulated {proof.simulated_headroom:.2f}")


if __name__ == "__main__":
    main()
