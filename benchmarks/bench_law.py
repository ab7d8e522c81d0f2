"""How long the rules take: 1,000 options with facts of their own, and the same question asked again."""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "law"))

from test_worked_cases import CASES

from millwright.law.evaluate import _evaluate, _that_may_apply, evaluate
from millwright.law.facts import SiteFacts, WorkloadFacts
from millwright.law.load import load_rules
from millwright.law.rego import rego_policy

OPTIONS = 1000
RUNS = 5
DAY = dt.date(2026, 11, 21)


def options() -> list[tuple[WorkloadFacts, SiteFacts]]:
    """Return options of which no two have the same facts, as if each had an operator of its own."""
    cases = [CASES[number % len(CASES)] for number in range(OPTIONS)]
    return [(case.workload, replace(case.site, operator=f"operator {number}")) for number, case in enumerate(cases)]


def forget() -> None:
    """Empty the evaluator's memory."""
    _evaluate.cache_clear()
    _that_may_apply.cache_clear()


def seconds(job: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> list[float]:
    times = []
    for _ in range(RUNS):
        prepare()
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return times


def main() -> None:
    """Print the median over RUNS, in milliseconds."""
    rules = load_rules()
    asked = options()

    def verdicts() -> None:
        for workload, site in asked:
            evaluate(rules, workload, site, DAY)

    def proofs() -> None:
        for workload, site in asked:
            for finding in evaluate(rules, workload, site, DAY).deciding:
                finding.proof  # noqa: B018

    jobs = {
        f"{OPTIONS} options, {len(rules.rules)} rules": seconds(verdicts, forget),
        "… asked again": seconds(verdicts),
        "… with the proof of what decides": seconds(proofs, forget),
        "reading the rule base": seconds(load_rules, load_rules.cache_clear),
        "writing it as Rego": seconds(lambda: rego_policy(rules)),
    }
    for name, times in jobs.items():
        print(f"{name:<36} {1e3 * statistics.median(times):8.1f} ms   (most {1e3 * max(times):.1f})")


if __name__ == "__main__":
    main()
