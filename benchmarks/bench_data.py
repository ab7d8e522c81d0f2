"""How long data take to profile, and in how much memory: so many megabytes (1,000 by default).

python benchmarks/bench_data.py            a log of chat requests
python benchmarks/bench_data.py 300 pairs  prompts with answers, labels, splits, dates; looked through for a test set
"""

from __future__ import annotations

import json
import random
import re
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from millwright.readiness.profile import profile_file

WORDS = re.findall(
    r"\w+",
    "the a pump order of to please write for and model server when it is not how many days report table price "
    "night answer for der die und bitte nicht les des une pour list check value of is with patient form next",
)


def text_of(draw: random.Random, number: int) -> str:
    """Return a text of some 1,200 characters; one in fifty has an address and a telephone number."""
    text = " ".join(draw.choices(WORDS, k=draw.randrange(60, 400))) + f" {number}"
    return text + " write to anna.k@example.org or +49 30 1234567" if draw.random() < 0.02 else text


def record(draw: random.Random, number: int, pairs: bool) -> dict[str, Any]:
    """Return one chat request, or one prompt with its answer and what a training set has beside."""
    text = text_of(draw, draw.randrange(10**9))
    if not pairs:
        return {"id": number, "messages": [{"role": "user", "content": text}]}
    day = f"202{draw.randrange(3, 7)}-0{draw.randrange(1, 10)}-1{draw.randrange(10)}"
    beside = {"label": draw.choice("abc"), "split": draw.choice(("train", "valid")), "created": day, "license": "CC-BY"}
    return {"prompt": text, "completion": text[:200], **beside}


def write(path: Path, megabytes: float, pairs: bool, seed: int = 1) -> None:
    """Write so many megabytes of JSON lines, one line in ten a copy."""
    draw = random.Random(seed)
    lines: list[str] = []
    size = 0
    with path.open("w") as file:
        while size < megabytes * 1_000_000:
            if lines and draw.random() < 0.1:
                line = draw.choice(lines)
            else:
                line = json.dumps(record(draw, len(lines), pairs)) + "\n"
                lines = [*lines[-99:], line] if len(lines) >= 100 else [*lines, line]
            file.write(line)
            size += len(line)


def main() -> None:
    """Print seconds, megabytes a second and the most memory used."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    pairs = "pairs" in sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        path, test_set = Path(folder) / "log.jsonl", Path(folder) / "test.jsonl"
        write(path, megabytes, pairs)
        write(test_set, 5, pairs, seed=2)
        start = time.perf_counter()
        profile = profile_file(path, against=(test_set,) if pairs else ())
        seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    size = profile.size_bytes / 1e6
    print(f"{size:,.0f} MB, {profile.records:,} records: {seconds:.1f} s, {size / seconds:.1f} MB/s")
    print(f"most memory: {memory:,.0f} MB")


if __name__ == "__main__":
    main()
