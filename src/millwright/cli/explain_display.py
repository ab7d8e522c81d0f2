"""The search of a device as tables: what was looked at, what became of it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from millwright.plan.explain import ExplainedMachine

_STYLE = {"best": "bold", "pruned": "dim", "does not fit": "dim"}


def show_explained(machines: Sequence[ExplainedMachine]) -> None:
    """Print each machine's deployments, best first, and the front of those that were simulated."""
    from rich.console import Console
    from rich.table import Table

    from millwright.report.format import number_text

    console = Console(highlight=False)
    for machine in machines:
        title = f"{machine.workload} on {machine.device_count} × {machine.device_name}"
        console.print(f"\n[bold]{title}[/bold]: {len(machine.considered)} deployments looked at")
        table = Table(box=None, pad_edge=False, expand=False)
        for name, justify in (("deployment", "left"), ("serves", "right"), ("at most", "right"), ("why", "left")):
            table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
        for each in machine.considered:
            table.add_row(
                f"{each.weights}, {each.layout}\n{each.engine}, {each.limits}" + (each.draft and f"\n{each.draft}"),
                "" if each.rate_per_s is None else f"{number_text(each.rate_per_s)}/s",
                "" if each.bound_per_s is None else f"{number_text(each.bound_per_s)}/s",
                f"{each.fate}: {each.reason}",
                style=_STYLE.get(str(each.fate), ""),
            )
        console.print(table)
        for note in machine.notes:
            console.print(f"Note: {note}.")
        if machine.front:
            console.print("Nothing simulated beats these in throughput, latency and size at once:")
        for point in machine.front:
            price = "" if point.devices_price_usd is None else f", devices {point.devices_price_usd:,.0f} USD"
            console.print(
                f"  {point.weights}, {point.layout}, {point.engine}{point.draft and f', {point.draft}'}: "
                f"{point.output_tokens_per_s_per_device:.3g} output tokens/s per device; alone TTFT "
                f"{point.idle_ttft_s * 1e3:.3g} ms, TPOT {point.idle_tpot_s * 1e3:.3g} ms; "
                f"{point.devices} device{'s' if point.devices > 1 else ''}{price}"
            )
