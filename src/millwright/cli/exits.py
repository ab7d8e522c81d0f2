"""Exit statuses of every command; docs and scripts rely on them."""

from __future__ import annotations

EXIT_DONE = 0
EXIT_NO = 1
"""The answer is no: no feasible option, a check failed."""
EXIT_INPUT = 2
"""What the user gave is wrong; stderr says what and where."""
EXIT_UNKNOWN = 3
"""The law cannot be judged: a fact is missing."""
EXIT_STOPPED = 130
"""Stopped by Ctrl-C, as a shell reports it."""
