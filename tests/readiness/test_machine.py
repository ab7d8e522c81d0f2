"""The inventory: every vendor's output becomes the catalogue's device, and a machine the scenario's host."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import recorded_machines as recorded
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.catalog.catalog import load_catalog
from millwright.errors import InputError
from millwright.readiness.machine import inventory_script, read_machine
from millwright.readiness.owned import OwnedHardware, owned_hardware, snippet
from millwright.scenario.load import read_scenario

CATALOG = load_catalog()


def _owned(text: str) -> OwnedHardware:
    return owned_hardware(read_machine(text), CATALOG)


@pytest.mark.parametrize(
    ("text", "device", "count", "host"),
    [
        (recorded.HGX_H100, "h100-sxm", 8, "hgx-h100-8"),
        (recorded.mi300x("Series"), "mi300x", 8, "mi300x-8"),
        (recorded.mi300x("series"), "mi300x", 8, "mi300x-8"),
        (recorded.XPU, "arc-pro-b60", 4, "workstation-arc-b60-4"),
        (recorded.GAUDI, "gaudi2", 8, "gaudi2-8"),
        (recorded.DRIVER_MISSING, "h100-pcie", 2, "server-h100-pcie-2"),
        (recorded.MAC, "m4-pro", 1, "mac-mini-m4-pro"),
        (recorded.NOT_KNOWN_LIMIT, "gb10", 1, "dgx-spark"),
    ],
)
def test_each_vendors_output_becomes_device_and_host(text: str, device: str, count: int, host: str) -> None:
    owned = _owned(text)
    assert [(each.device_id, each.count) for each in owned.found] == [(device, count)]
    assert [each.host_id for each in owned.hosts] == [host]


def test_the_whole_machine_is_read() -> None:
    machine = read_machine(recorded.HGX_H100)
    assert (machine.processor.sockets, machine.processor.cores, machine.processor.threads) == (2, 112, 224)
    assert machine.processor.numa_nodes == 2
    assert "amx_bf16" in machine.processor.extensions
    assert machine.memory_bytes == pytest.approx(2113442816 * 1024)
    assert machine.accelerators[0].power_limit_w == 700.0
    assert machine.accelerators[0].driver == "550.127.05"
    assert machine.joined == "NVLink, 18 links"
    assert [disk.size_bytes for disk in machine.disks] == [3840755982336]
    assert [volume.mounted_on for volume in machine.volumes] == ["/"]
    speeds = {link.name: link.speed_bit_per_s for link in machine.links}
    assert speeds == {"eno1": 25e9, "ibs0": None, "enp5s0": None, "mlx5_0 port 1": 400e9}
    assert machine.containers == {"docker": "Docker version 27.3.1, build ce12230"}
    assert machine.unread == ()


def test_the_variant_is_told_by_its_memory() -> None:
    assert [each.device_id for each in _owned(recorded.A100_40).found] == ["a100-sxm-40"]
    other = recorded.HGX_H100.replace("81559", "40000")
    assert "check which it is" in _owned(other).found[0].note


def test_a_number_of_devices_that_no_host_has_becomes_a_host_of_ones_own() -> None:
    owned = _owned(recorded.THREE_L40S)
    (host,) = owned.hosts
    assert host.host_id == "own-3x-l40s"
    assert host.override["device_count"] == 3
    assert host.override["power_peak"] == "1500 W", "three limits of 350 W, and 150 W each for the rest"
    assert "assumed" in host.note


def test_without_accelerators_the_processors_count() -> None:
    assert [each.host_id for each in _owned(recorded.CPU_ONLY).hosts] == ["cpu-epyc-9654-2"]


def test_a_missing_driver_is_told() -> None:
    notes = " ".join(_owned(recorded.DRIVER_MISSING).notes)
    assert "driver is missing or broken" in notes
    assert "nvidia-smi: the tool failed with status 9" in notes


@pytest.mark.parametrize("text", [recorded.HGX_H100, recorded.THREE_L40S, recorded.CPU_ONLY])
def test_what_is_put_into_a_scenario_can_be_planned(text: str) -> None:
    scenario = "organisation: {country: DE}\nworkloads: [{name: a, model: llama-3.1-8b, traffic: {rate: 1 /s}}]\n"
    loaded = read_scenario(scenario + snippet(_owned(text)), Path("scenario.yaml"))
    (site,) = loaded.scenario.sites
    host = loaded.catalog.host(site.existing[0].host)  # type: ignore[union-attr]
    assert host.device_count in (2, 3, 8)


def test_what_is_cut_short_is_told() -> None:
    machine = read_machine(recorded.HGX_H100[: len(recorded.HGX_H100) // 2])
    assert any("before its end" in each for each in machine.unread)


@pytest.mark.parametrize("text", ["", "nvidia-smi", "\x00\x01"])
def test_what_is_no_output_of_the_script_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no output of the inventory script"):
        read_machine(text, "machine.txt")


TOOLS = ("nvidia-smi", "rocm-smi", "xpu-smi", "hl-smi", "lspci", "lscpu", "df", "lsblk", "network", "sysctl")


@given(st.sampled_from(TOOLS), st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_output_of_a_tool_is_read_or_told(tool: str, body: str) -> None:
    text = f"@@ millwright-inventory 1\n@@ {tool}\n{body}\n@@ status {tool} 0\n@@ end\n"
    owned_hardware(read_machine(text), CATALOG)


@pytest.mark.skipif(shutil.which("sh") is None, reason="no shell here")
def test_the_script_runs_in_a_bare_shell_and_is_read() -> None:
    ran = subprocess.run(["sh", "-s"], input=inventory_script(), capture_output=True, text=True, check=True)
    machine = read_machine(ran.stdout)
    assert machine.processor.threads
    assert not any("before its end" in each for each in machine.unread)
