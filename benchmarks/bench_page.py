"""How long the page takes: the first view on this machine, and a refresh of money and of latency, printed.

python benchmarks/bench_page.py    (needs the extras `web` and `test`, and a Chromium)
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "web"))

from page_server import chromium, seeded, serving
from playwright.sync_api import sync_playwright

VIEWS = 7


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url, plan_id = seeded(Path(folder))
        with serving(url) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            views = []
            for _ in range(VIEWS):
                page = browser.new_page()
                began_s = time.perf_counter()
                page.goto(f"{address}/plans/{plan_id}", wait_until="commit")
                page.wait_for_selector(".lead")
                views.append(time.perf_counter() - began_s)
                page.close()
            print(f"first view of a plan: median {median(views):.2f} s, first of all {views[0]:.2f} s")
            page = browser.new_page()
            page.goto(f"{address}/plans/{plan_id}")
            page.wait_for_selector("figure.chart")
            page.wait_for_timeout(15_000)  # a worker lays its grounds
            for name, values in (("demand", ("0.1", "0.2", "0.3")), ("ttft_s", ("1.5", "1.4", "1.3"))):
                answers, whole = [], []
                for value in values:
                    before = page.url
                    began_s = time.perf_counter()
                    page.eval_on_selector(
                        f'[data-change="{name}"]',
                        "(field, value) => { field.value = value; "
                        "field.dispatchEvent(new Event('input', {bubbles: true})); }",
                        value,
                    )
                    page.wait_for_function("before => location.href !== before", arg=before, timeout=120_000)
                    answers.append(time.perf_counter() - began_s)
                    page.wait_for_function("document.documentElement.dataset.busy === 'no'", timeout=120_000)
                    whole.append(time.perf_counter() - began_s)
                print(f"{name}: answer after {median(answers):.2f} s, latencies and charts after {median(whole):.2f} s")
            browser.close()


if __name__ == "__main__":
    main()
