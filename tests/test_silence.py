"""What C code prints while it is silenced is lost, and nothing else is."""

from __future__ import annotations

import subprocess
import sys

import pytest

PRINTS = """
import ctypes, sys, threading
from millwright.silence import c_output_silenced

library = ctypes.CDLL(None)

def say(text):
    library.printf(text)
    library.fflush(None)

say(b"before ")
with c_output_silenced():
    say(b"LOST ")
    with c_output_silenced():
        say(b"LOST ")
    say(b"LOST ")
    print("meanwhile", end=" ", flush=True)
    other = threading.Thread(target=print, args=("beside",), kwargs={"end": " ", "flush": True})
    other.start()
    other.join()
try:
    with c_output_silenced():
        raise KeyError
except KeyError:
    pass
say(b"after")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="C's output is silenced where its library is known to allow it")
def test_only_what_c_code_prints_within_is_lost() -> None:
    run = subprocess.run([sys.executable, "-c", PRINTS], capture_output=True, text=True, check=True)
    assert run.stdout == "before meanwhile beside after"
