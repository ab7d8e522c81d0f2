"""How long the catalogue takes to load, cold: a fresh interpreter for every run, so that imports count."""

from __future__ import annotations

import statistics
import subprocess
import sys

RUNS = 9

STAGES = {
    "import and load": "catalog = load_catalog()",
    "… and one device": "catalog.device('NVIDIA H100')",
    "… and one model": "catalog.model('llama-3.3-70b')",
    "… and read every file": "[catalog.shelf(kind) for kind in FILES_OF_KIND if kind != 'sources'], catalog.sources",
    "… and build every entry": "[list(catalog.shelf(kind)) for kind in FILES_OF_KIND if kind != 'sources']",
}

PROGRAM = """
import time
start = time.perf_counter()
from millwright.catalog.catalog import load_catalog
from millwright.catalog.load import FILES_OF_KIND
times = []
{steps}
print(*times)
"""


def main() -> None:
    """Print the median over RUNS fresh interpreters, in milliseconds since before the first import."""
    steps = "\n".join(f"{step}\ntimes.append(1e3 * (time.perf_counter() - start))" for step in STAGES.values())
    command = [sys.executable, "-c", PROGRAM.format(steps=steps)]
    runs = [
        [float(each) for each in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()]
        for _ in range(RUNS)
    ]
    for stage, *times in zip(STAGES, *runs, strict=True):
        print(f"{stage:<24} {statistics.median(times):7.1f} ms   (least {min(times):.1f}, most {max(times):.1f})")


if __name__ == "__main__":
    main()
