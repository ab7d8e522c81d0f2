"""Accelerators as vendors' tools tell of them: nvidia-smi, rocm-smi, xpu-smi, hl-smi; lspci where none answers."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MIB = 2.0**20


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


def read_accelerators(parts: Mapping[str, str]) -> tuple[list[Accelerator], list[str]]:
    """Return the accelerators in the outputs of the tools, by the tools' names, and which outputs could not be read."""
    found: list[Accelerator] = []
    unread: list[str] = []
    for name, reader in _TOOLS.items():
        if parts.get(name, "").strip():
            try:
                found += reader(parts[name])
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                unread.append(f"{name}: its output is not in the form known here ({type(error).__name__})")
    told = {each.vendor for each in found}
    found += [each for each in _lspci(parts.get("lspci", "")) if each.vendor not in told]
    return found, unread


def number_in(text: str | None) -> float | None:
    """Return the number that a tool's cell begins with; None where the tool does not know it."""
    try:
        number = float(str(text).split()[0])
    except (ValueError, IndexError):
        return None  # `[N/A]`, as the tools write what they do not know
    return number if math.isfinite(number) else None


def _nvidia(text: str) -> list[Accelerator]:
    found = []
    for row in csv.reader(text.strip().splitlines(), skipinitialspace=True):
        if len(row) < 4 or not row[0].strip().isdigit():
            continue  # a message in place of a row
        _, name, memory, driver, *rest = (each.strip() for each in row)
        mib, watts = number_in(memory), number_in(rest[0]) if rest else None
        pcie = f"PCIe {rest[1]}.0 x{rest[2]}" if len(rest) > 2 and rest[1].isdigit() else ""
        size = None if mib is None else mib * _MIB
        found.append(Accelerator(name, "nvidia", "nvidia-smi", size, watts, driver, pcie))
    return found


def joined_by(topology: str) -> str:
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
        found.append(
            Accelerator(title, "amd", "rocm-smi", number_in(fields.get("vram total memory (b)")), driver=driver)
        )
    return found


def _xpu(text: str) -> list[Accelerator]:
    return [
        Accelerator(
            each["device_name"],
            "intel",
            "xpu-smi",
            number_in(each.get("memory_physical_size_byte")),
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
            mib = number_in(row[2])
            size = None if mib is None else mib * _MIB
            found.append(Accelerator(name, "intel", "hl-smi", size, driver=row[3].strip()))
    return found


def _json(text: str) -> dict[str, Any]:
    """Return the JSON object in a text that may have warnings around it."""
    value = json.loads(text[text.index("{") : text.rindex("}") + 1])
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


_TOOLS = {"nvidia-smi": _nvidia, "rocm-smi": _rocm, "xpu-smi": _xpu, "hl-smi": _gaudi}

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


def apple_accelerators(brand: str, sysctl: Mapping[str, str]) -> list[Accelerator]:
    """Return the graphics of an Apple chip, which has the machine's memory; none for other makers' chips."""
    if not brand.startswith("Apple"):
        return []
    return [Accelerator(brand, "apple", "sysctl", number_in(sysctl.get("hw.memsize")))]
