"""What compute a machine has, read from the output of `inventory.sh`: made here, or carried over from elsewhere."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from millwright.errors import InputError

_KIB, _MIB = 2.0**10, 2.0**20


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
class Accelerator:
    """One accelerator as its vendor's tool names it; None where the tool does not tell.

    `seen_by` is that tool; `lspci` means that no vendor's tool answered, so that its driver is missing or broken.
    """

    name: str
    vendor: str
    seen_by: str
    memory_bytes: float | None = None
    power_limit_w: float | None = None
    driver: str = ""
    pcie: str = ""


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
    accelerators: list[Accelerator] = []
    for name, reader in _ACCELERATOR_TOOLS.items():
        if parts.get(name, "").strip():
            try:
                accelerators += reader(parts[name])
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                unread.append(f"{name}: its output is not in the form known here ({type(error).__name__})")
    told = {each.vendor for each in accelerators}
    accelerators += [each for each in _lspci(parts.get("lspci", "")) if each.vendor not in told]
    sysctl = _colon_lines(parts.get("sysctl", ""))
    if brand := sysctl.get("machdep.cpu.brand_string", ""):
        accelerators += _apple(brand, sysctl)
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
        joined=_joined(parts.get("nvidia-topology", "")),
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


def _number(text: str | None) -> float | None:
    try:
        return float(str(text).split()[0])
    except (ValueError, IndexError):
        return None  # `[N/A]`, as the tools write what they do not know


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
    total = _number(_colon_lines(meminfo).get("MemTotal"))
    return total * _KIB if total is not None else _number(sysctl.get("hw.memsize"))


def _system(parts: Mapping[str, str]) -> str:
    match = re.search(r'^PRETTY_NAME="?([^"\n]*)"?', parts.get("os-release", ""), flags=re.MULTILINE)
    mac = _colon_lines(parts.get("sw-vers", ""))
    return match.group(1) if match else " ".join(mac.get(key, "") for key in ("ProductName", "ProductVersion")).strip()


# --- accelerators ----------------------------------------------------------------------------------------------


def _nvidia(text: str) -> list[Accelerator]:
    found = []
    for row in csv.reader(text.strip().splitlines(), skipinitialspace=True):
        if len(row) < 4 or not row[0].strip().isdigit():
            continue  # a message in place of a row
        _, name, memory, driver, *rest = (each.strip() for each in row)
        mib, watts = _number(memory), _number(rest[0]) if rest else None
        pcie = f"PCIe {rest[1]}.0 x{rest[2]}" if len(rest) > 2 and rest[1].isdigit() else ""
        size = None if mib is None else mib * _MIB
        found.append(Accelerator(name, "nvidia", "nvidia-smi", size, watts, driver, pcie))
    return found


def _joined(topology: str) -> str:
    """Return how the accelerators are joined: the most frequent entry of the matrix of `nvidia-smi topo -m`."""
    links: dict[str, int] = {}
    for line in topology.splitlines():
        if re.match(r"GPU\d", line):
            for each in re.findall(r"\b(NV\d+|PIX|PXB|PHB|NODE|SYS)\b", line):
                links[each] = links.get(each, 0) + 1
    if not links:
        return ""
    most = max(links, key=lambda each: links[each])
    return f"NVLink, {most[2:]} links" if most.startswith("NV") else f"PCIe ({most})"


def _rocm(text: str) -> list[Accelerator]:
    """Read the JSON of rocm-smi; the case of its keys differs between releases."""
    cards = _json(text)
    driver = str({k.casefold(): v for k, v in cards.get("system", {}).items()}.get("driver version", ""))
    found = []
    for name in sorted((each for each in cards if each.startswith("card")), key=lambda each: int(each[4:])):
        fields = {key.casefold(): value for key, value in cards[name].items()}
        title = str(fields.get("card series") or fields.get("card model") or "AMD")
        found.append(Accelerator(title, "amd", "rocm-smi", _number(fields.get("vram total memory (b)")), driver=driver))
    return found


def _xpu(text: str) -> list[Accelerator]:
    return [
        Accelerator(
            each["device_name"],
            "intel",
            "xpu-smi",
            _number(each.get("memory_physical_size_byte")),
            driver=str(each.get("driver_version", "")),
        )
        for each in _json(text)["device_list"]
        if str(each.get("device_type", "GPU")) == "GPU"
    ]


_GAUDI = {"HL-2": "Intel Gaudi 2", "HL-3": "Intel Gaudi 3"}


def _gaudi(text: str) -> list[Accelerator]:
    found = []
    for row in csv.reader(text.strip().splitlines(), skipinitialspace=True):
        if len(row) >= 4 and row[0].strip().isdigit():
            name = next((title for start, title in _GAUDI.items() if row[1].startswith(start)), row[1])
            mib = _number(row[2])
            size = None if mib is None else mib * _MIB
            found.append(Accelerator(name, "intel", "hl-smi", size, driver=row[3].strip()))
    return found


def _json(text: str) -> dict[str, Any]:
    """Return the JSON object in a text that may have warnings around it."""
    value = json.loads(text[text.index("{") : text.rindex("}") + 1])
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


_ACCELERATOR_TOOLS = {"nvidia-smi": _nvidia, "rocm-smi": _rocm, "xpu-smi": _xpu, "hl-smi": _gaudi}

_PCI_VENDORS = {"10de": "nvidia", "1002": "amd", "8086": "intel", "1da3": "intel", "1e52": "tenstorrent"}
_PCI_CLASSES = ("[0302]", "[0300]", "[0380]", "[1200]")


def _lspci(text: str) -> list[Accelerator]:
    """Read accelerators from lspci, by the name in brackets; graphics of the chipset are left out."""
    found = []
    for line in text.splitlines():
        vendor = re.search(r"\[([0-9a-f]{4}):[0-9a-f]{4}\]", line)
        if vendor is None or not any(each in line for each in _PCI_CLASSES):
            continue
        kind = _PCI_VENDORS.get(vendor.group(1))
        names = re.findall(r"\[([^\[\]]+)\]", line[: vendor.start()])
        titles = [each for each in names if not re.fullmatch(r"[0-9a-f]{4}|AMD/ATI", each)]
        if kind is None or (kind == "intel" and "[0300]" in line):
            continue
        title = titles[-1] if titles else line[: vendor.start()].split(":")[-1].strip()
        found.append(Accelerator(title, kind, "lspci"))
    return found


def _apple(brand: str, sysctl: Mapping[str, str]) -> list[Accelerator]:
    if not brand.startswith("Apple"):
        return []
    return [Accelerator(brand, "apple", "sysctl", _number(sysctl.get("hw.memsize")))]


# --- disks and networks ----------------------------------------------------------------------------------------

_PSEUDO = ("tmpfs", "devtmpfs", "overlay", "udev", "shm", "efivarfs", "none", "squashfs")


def _disks(text: str) -> tuple[Disk, ...]:
    found = []
    for line in text.splitlines():
        fields = dict(re.findall(r'([A-Z]+)="([^"]*)"', line))
        size = _number(fields.get("SIZE"))
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
            speed = _number(words[2]) if len(words) > 2 else None
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
