"""How long a prompt log takes to profile, and in how much memory: a log of so many megabytes (1,000 by default)."""

from __future__ import annotations

import json
import random
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

from millwright.readiness.profile import profile_file

WORDS = re.findall(
    r"\w+",
    "the a pump order of to please write for and model server when it is not how many days report table price "
    "night answer for der die und bitte nicht les des une pour list check value of is with patient form next",
)


def write(path: Path, megabytes: int) -> None:
    """Write chat requests of some 1,200 characters, one in fifty with an address, one in ten a copy."""
    draw = random.Random(1)
    lines: list[str] = []
    size = 0
    with path.open("w") as file:
        while size < megabytes * 1_000_000:
            if lines and draw.random() < 0.1:
                line = draw.choice(lines)
            else:
                text = " ".join(draw.choices(WORDS, k=draw.randrange(60, 400))) + f" {draw.randrange(10**9)}"
                if draw.random() < 0.02:
                    text += " write to anna.k@example.org or +49 30 1234567"
                line = json.dumps({"id": len(lines), "messages": [{"role": "user", "content": text}]}) + "\n"
                lines = [*lines[-99:], line] if len(lines) >= 100 else [*lines, line]
            file.write(line)
            size += len(line)


def main() -> None:
    """Print seconds, megabytes a second and the most memory used."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        write(path, megabytes)
        start = time.perf_counter()
        profile = profile_file(path)
        seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    size = profile.size_bytes / 1e6
    print(f"{size:,.0f} MB, {profile.records:,} records: {seconds:.1f} s, {size / seconds:.1f} MB/s")
    print(f"most memory: {memory:,.0f} MB")


if __name__ == "__main__":
    main()
