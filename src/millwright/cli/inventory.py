"""`millwright inventory`: what compute is there, as a scenario's owned hardware."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.readiness.machine import Machine
    from millwright.readiness.owned import OwnedHardware

LONGEST_S = 300
LARGEST_FILE_BYTES = 8 << 20


def _print_script(wanted: bool) -> None:
    if wanted:
        from millwright.readiness.machine import inventory_script

        typer.echo(inventory_script(), nl=False)
        raise typer.Exit


def inventory(
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Output of the script, made on another machine.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write what the script puts out here too.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="SCENARIO", help="Put the machine into this scenario.")
    ] = None,
    site: Annotated[str, typer.Option("--site", help="Name of the owned site it stands in.")] = "this machine",
    script: Annotated[
        bool,
        typer.Option("--script", callback=_print_script, is_eager=True, help="Print the shell script and leave."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Read processors, memory, accelerators, disks and networks, and say which host of the catalogue that is.

    Where Python is not wanted: `millwright inventory --script > inventory.sh`, carry it there, `sh inventory.sh >
    machine.txt`, carry that back, `millwright inventory --from machine.txt`.
    """
    from millwright.catalog.catalog import load_catalog
    from millwright.readiness.machine import read_machine
    from millwright.readiness.owned import owned_hardware, snippet
    from millwright.whole_file import write_whole

    text = _run_script() if source is None else _read(source)
    machine = read_machine(text, "" if source is None else str(source))
    if out is not None:
        write_whole(out, text.encode("utf-8"))
    hardware = owned_hardware(machine, load_catalog())
    if into is not None:
        _put_into(into, hardware, site)
    if as_json:
        document = {
            "machine": dataclasses.asdict(machine),
            "owned": dataclasses.asdict(hardware),
            "scenario": snippet(hardware, site),
        }
        typer.echo(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False))
    else:
        _show(machine, hardware, site)


def _run_script() -> str:
    from millwright.readiness.machine import inventory_script

    try:
        ran = subprocess.run(
            ["sh", "-s"], input=inventory_script().encode(), capture_output=True, timeout=LONGEST_S, check=False
        )
    except FileNotFoundError:
        raise InputError("there is no shell `sh` here", "", "Read the machine elsewhere with --script.") from None
    except subprocess.TimeoutExpired:
        raise InputError(f"the tools of this machine did not answer within {LONGEST_S} s") from None
    return ran.stdout.decode("utf-8", errors="replace")


def _read(path: Path) -> str:
    from millwright.scenario.text_file import require_file

    require_file(path, "what the inventory script puts out")
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise InputError(
                f"the file is larger than {LARGEST_FILE_BYTES >> 20} MiB", str(path), "Is it the right one?"
            )
        return path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path), "Check its rights.") from None


def _put_into(path: Path, hardware: OwnedHardware, site: str) -> None:
    """Put the machine into a scenario: into its site of that name if it is there, else as a new site."""
    from millwright.readiness.owned import site_value
    from millwright.scenario.edit import Plain, set_value
    from millwright.scenario.load import load_scenario, read_scenario
    from millwright.whole_file import write_whole

    if not hardware.hosts:
        raise InputError("nothing of this machine is in the catalogue, so nothing was put in", str(path))
    loaded = load_scenario(path)
    text = loaded.source_text
    for each in hardware.hosts:
        for field, value in each.override.items():
            text = set_value(text, ("overrides", "hosts", each.host_id, field), value)
    explicit = "sites" in loaded.scenario.model_fields_set
    names = [each.name for each in loaded.scenario.sites] if explicit else []
    value = site_value(hardware, site)
    if site in names:
        text = set_value(text, ("sites", names.index(site), "existing"), value["existing"])
    elif names:
        text = set_value(text, ("sites", len(names)), value)
    else:
        rest: list[Plain] = [{"name": "any cloud", "kind": "cloud"}, {"name": "any API", "kind": "api"}]
        text = set_value(text, ("sites",), [value, *rest])  # what a scenario without sites looks at stays in
    read_scenario(text, path)
    write_whole(path, text.encode("utf-8"))


def _show(machine: Machine, hardware: OwnedHardware, site: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from millwright.readiness.owned import snippet

    console = Console(highlight=False, markup=False)
    cpu = machine.processor
    table = Table(show_header=False, box=None, pad_edge=False)
    cores = ", ".join(
        f"{number} {what if number == 1 else what + 's'}"
        for number, what in ((cpu.sockets, "socket"), (cpu.cores, "core"), (cpu.threads, "thread"))
        if number
    )
    numa = f", {cpu.numa_nodes} NUMA nodes" if cpu.numa_nodes and cpu.numa_nodes > 1 else ""
    table.add_row("Processor", f"{cpu.model}; {cores}{numa}")
    if cpu.extensions:
        table.add_row("", ", ".join(cpu.extensions))
    table.add_row("Memory", _size(machine.memory_bytes))
    for each in hardware.found:
        memory = f", {_size(each.memory_bytes)} each" if each.memory_bytes else ""
        known = each.device_id or "not in the catalogue"
        table.add_row("Accelerator", f"{each.count} × {each.name}{memory}: {known}")
        if each.note:
            table.add_row("", f"({each.note})")
    if not hardware.found:
        table.add_row("Accelerator", "none found")
    drivers = sorted({f"{each.seen_by}: {each.driver}" for each in machine.accelerators if each.driver})
    if drivers:
        table.add_row("Driver", ", ".join(drivers))
    if machine.joined:
        table.add_row("Joined by", machine.joined)
    for disk in machine.disks:
        kind = "rotating, or virtual" if disk.rotates else "SSD"
        table.add_row("Disk", f"{disk.name}: {_size(disk.size_bytes)}, {kind} {disk.model}".rstrip())
    for volume in machine.volumes[:6]:
        table.add_row("Volume", f"{volume.mounted_on}: {_size(volume.free_bytes)} free of {_size(volume.size_bytes)}")
    for link in machine.links:
        speed = f"{link.speed_bit_per_s / 1e9:g} Gbit/s" if link.speed_bit_per_s else "speed not told"
        kind = ", InfiniBand" if link.kind == "infiniband" else ""
        table.add_row("Network", f"{link.name}: {speed}, {'up' if link.up else 'down'}{kind}")
    table.add_row("System", f"{machine.system}; {machine.kernel}")
    for name, version in machine.containers.items():
        table.add_row("Containers", f"{name}: {version}")
    console.print(table)
    for note in hardware.notes:
        console.print(f"· {note}", style="yellow")
    text = snippet(hardware, site)
    if text:
        console.print("\nFor the scenario:", style="bold")
        console.print(text, end="", soft_wrap=True)
    else:
        console.print("\nNothing here is in the catalogue as a device to plan with.")


def _size(count: float | None) -> str:
    if count is None:
        return "unknown"
    return f"{count / 2**40:,.1f} TiB" if count >= 2**40 else f"{count / 2**30:,.1f} GiB"
