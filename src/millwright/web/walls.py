"""Walls around a process: no network but where it is allowed, no more memory than it is given, no life of its own."""

from __future__ import annotations

import ctypes
import resource
import signal
import sys
from typing import Any

from millwright.web.settings import is_loopback


class NetworkForbiddenError(PermissionError):
    """Something wanted to reach another machine."""


def forbid_network() -> None:
    """Let this process open no connection and look up no name but this machine's own.

    It cannot be undone. Libraries written in C that open sockets of their own (a PostgreSQL client) are not seen.
    """

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            address = arguments[1]
            if isinstance(address, tuple) and not is_loopback(str(address[0])):
                raise NetworkForbiddenError(f"no connection to {address[0]}: this server asks nobody for anything")
        elif event == "socket.getaddrinfo":
            host = _text(arguments[0])
            if host and not is_loopback(host):
                raise NetworkForbiddenError(f"{host} is not looked up: this server asks nobody for anything")

    sys.addaudithook(watch)


def end_with_parent() -> None:
    """Have the kernel kill this process when the one that made it ends, however that ends; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


_PR_SET_PDEATHSIG = 1
"""From <sys/prctl.h>."""


def limit_memory(bytes_: int) -> None:
    """Let this process take `bytes_` more memory of its own than it has now; beyond that, allocation fails.

    What is held is memory that can be written to, not addresses: the engine that draws the paper's charts sets
    gigabytes of addresses aside and uses few of them.
    """
    if sys.platform != "linux":
        return  # elsewhere the kernel does not hold processes to it
    with open("/proc/self/statm", encoding="ascii") as file:
        size = int(file.read().split()[_DATA_PAGES]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (size + bytes_, size + bytes_))


_DATA_PAGES = 5
"""Place of data and stack in /proc/self/statm, see proc(5)."""


def _text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
