"""What compute a machine has, read from the output of `inventory.sh`: made here, or carried over from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from millwright.errors import InputError
from millwright.readiness.accelerators import (
    Accelerator,
    apple_accelerators,
    joined_by,
    number_in,
    read_accelerators,
)

_KIB = 2.0**10


@dataclass(frozen=True)
class Processor:
    """The processors of a machine. `extensions` are those instructions that matter for inference."""

    model: str
    sockets: int | None
    cores: int | None
    threads: int | None
    numa_nodes: int | None
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Disk:
    """A disk by its name in the system."""

    name: str
    size_bytes: float
    rotates: bool
    model: str = ""


@dataclass(frozen=True)
class Volume:
    """A mounted file system of some size, by where it is mounted."""

    mounted_on: str
    size_bytes: float
    free_bytes: float


@dataclass(frozen=True)
class Link:
    """A network interface; `speed_bit_per_s` is None where it does not tell."""

    name: str
    up: bool
    speed_bit_per_s: float | None
    kind: str = "ethernet"


@dataclass(frozen=True)
class Machine:
    """What `inventory.sh` found. `unread` names what was tried and could not be read, and why."""

    date: str
    kernel: str
    system: str
    hypervisor: str
    processor: Processor
    memory_bytes: float | None
    accelerators: tuple[Accelerator, ...]
    joined: str
    disks: tuple[Disk, ...]
    volumes: tuple[Volume, ...]
    links: tuple[Link, ...]
    containers: Mapping[str, str]
    unread: tuple[str, ...] = ()


def inventory_script() -> str:
    """Return the shell script whose output `read_machine` reads; it needs nothing but a POSIX shell."""
    return (files("millwright.readiness") / "data" / "inventory.sh").read_text(encoding="utf-8")


def read_machine(text: str, file: str = "") -> Machine:
    """Return the machine that an output of `inventory.sh` describes. Raises InputError where it is none."""
    parts, statuses, ended = _parts(text)
    if "millwright-inventory" not in parts:
        remedy = "Make it with `millwright inventory --script > inventory.sh; sh inventory.sh > machine.txt`."
        raise InputError("this is no output of the inventory script", file, remedy)
    unread = [
        f"{name}: the tool failed with status {status}{' (it did not answer in time)' if status == 124 else ''}"
        for name, status in statuses.items()
        if status not in (0, 1) or (status and not parts.get(name, "").strip())
    ]
    if not ended:
        unread.append("the output ends before its end: part of the machine may be missing")
    accelerators, failed = read_accelerators(parts)
    unread += failed
    sysctl = _colon_lines(parts.get("sysctl", ""))
    if brand := sysctl.get("machdep.cpu.brand_string", ""):
        accelerators += apple_accelerators(brand, sysctl)
    lscpu = _colon_lines(parts.get("lscpu", ""))
    kernel = parts.get("uname", "").strip()
    return Machine(
        date=parts.get("date", "").strip(),
        kernel=kernel,
        system=_system(parts),
        hypervisor=lscpu.get("Hypervisor vendor", ""),
        processor=_processor(lscpu, parts.get("cpuinfo", ""), sysctl),
        memory_bytes=_memory(parts.get("meminfo", ""), sysctl),
        accelerators=tuple(accelerators),
        joined=joined_by(parts.get("nvidia-topology", "")),
        disks=_disks(parts.get("lsblk", "")),
        volumes=_volumes(parts.get("df", "")),
        links=(*_links(parts.get("network", "")), *_infiniband(parts.get("infiniband", ""))),
        containers={
            name.removeprefix("container-"): lines[0].strip()
            for name, body in parts.items()
            if name.startswith("container-") and (lines := body.strip().splitlines())
        },
        unread=tuple(unread),
    )


def _parts(text: str) -> tuple[dict[str, str], dict[str, int], bool]:
    """Return the text of each part, the exit status of each, and whether the end was reached."""
    parts: dict[str, list[str]] = {}
    statuses: dict[str, int] = {}
    name, ended = "", False
    for line in text.replace("\r\n", "\n").split("\n"):
        words = line.split()
        if line.startswith("@@ ") and len(words) >= 2:
            if words[1] == "status" and len(words) == 4 and words[3].isdigit():
                statuses[words[2]] = int(words[3])
                continue
            name, ended = words[1], words[1] == "end"
            parts.setdefault(name, [])
        elif name:
            parts[name].append(line)
    return {each: "\n".join(lines) for each, lines in parts.items()}, statuses, ended


def _colon_lines(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            found.setdefault(key.strip(), value.strip())
    return found


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdigit() else None


# --- processor and memory --------------------------------------------------------------------------------------

_EXTENSIONS = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8", "asimd", "sve", "bf16", "i8mm")


def _processor(lscpu: Mapping[str, str], cpuinfo: str, sysctl: Mapping[str, str]) -> Processor:
    if brand := sysctl.get("machdep.cpu.brand_string", ""):
        return Processor(brand, 1, _whole(sysctl.get("hw.physicalcpu")), _whole(sysctl.get("hw.ncpu")), None)
    sockets, per_socket = _whole(lscpu.get("Socket(s)")), _whole(lscpu.get("Core(s) per socket"))
    flags = set(lscpu.get("Flags", "").split())
    by_core = _colon_lines(cpuinfo)
    if not lscpu and cpuinfo:
        sockets = len(set(re.findall(r"physical id\s*:\s*(\d+)", cpuinfo))) or None
        per_socket = _whole(by_core.get("cpu cores"))
    threads = _whole(lscpu.get("CPU(s)")) or len(re.findall(r"^model name", cpuinfo, flags=re.MULTILINE)) or None
    return Processor(
        model=lscpu.get("Model name") or by_core.get("model name") or by_core.get("Hardware") or "unknown",
        sockets=sockets,
        cores=sockets * per_socket if sockets and per_socket else None,
        threads=threads,
        numa_nodes=_whole(lscpu.get("NUMA node(s)")),
        extensions=tuple(each for each in _EXTENSIONS if each in flags),
    )


def _memory(meminfo: str, sysctl: Mapping[str, str]) -> float | None:
    total = number_in(_colon_lines(meminfo).get("MemTotal"))
    return total * _KIB if total is not None else number_in(sysctl.get("hw.memsize"))


def _system(parts: Mapping[str, str]) -> str:
    match = re.search(r'^PRETTY_NAME="?([^"\n]*)"?', parts.get("os-release", ""), flags=re.MULTILINE)
    mac = _colon_lines(parts.get("sw-vers", ""))
    return match.group(1) if match else " ".join(mac.get(key, "") for key in ("ProductName", "ProductVersion")).strip()


# --- disks and networks ----------------------------------------------------------------------------------------

_PSEUDO = ("tmpfs", "devtmpfs", "overlay", "udev", "shm", "efivarfs", "none", "squashfs")


def _disks(text: str) -> tuple[Disk, ...]:
    found = []
    for line in text.splitlines():
        fields = dict(re.findall(r'([A-Z]+)="([^"]*)"', line))
        size = number_in(fields.get("SIZE"))
        if fields.get("TYPE") == "disk" and size:
            found.append(Disk(fields.get("NAME", ""), size, fields.get("ROTA") == "1", fields.get("MODEL", "").strip()))
    return tuple(found)


def _volumes(text: str) -> tuple[Volume, ...]:
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"(\S.*?)\s+(\d+)\s+(\d+)\s+(\d+)\s+\d+%\s+(/.*)", line)
        if match and match.group(1) not in _PSEUDO and int(match.group(2)) >= 1 << 20:
            found.append(Volume(match.group(5), int(match.group(2)) * _KIB, int(match.group(4)) * _KIB))
    return tuple(found)


def _links(text: str) -> tuple[Link, ...]:
    found = []
    for line in text.splitlines():
        words = line.split()
        if words and not re.match(r"(docker|veth|br-|virbr|cni|flannel|ifb|tunl|dummy)", words[0]):
            speed = number_in(words[2]) if len(words) > 2 else None
            known = None if speed is None or speed <= 0 else speed * 1e6
            found.append(Link(words[0], len(words) > 1 and words[1] == "up", known))
    return tuple(found)


def _infiniband(text: str) -> tuple[Link, ...]:
    found = []
    for line in text.splitlines():
        match = re.match(r"\S*/infiniband/([^/]+)/ports/(\d+)\s+(\d+(?:\.\d+)?) Gb/sec", line)
        if match:
            name = f"{match.group(1)} port {match.group(2)}"
            found.append(Link(name, True, float(match.group(3)) * 1e9, "infiniband"))
    return tuple(found)
