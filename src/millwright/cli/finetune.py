"""`millwright finetune`: where a fine-tuning run fits, how long it takes, what it draws and costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from millwright.cli.exits import EXIT_NO
from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.fleet.finetune import NoTraining, TrainingOption
    from millwright.perf.training import TrainingRun
    from millwright.quantity import Estimate


def finetune(
    model: Annotated[str, typer.Option("--model", help="A model of the catalogue.", show_default=False)],
    tokens: Annotated[str, typer.Option("--tokens", help="Tokens seen in all, such as 50M: data set times epochs.")],
    method: Annotated[str, typer.Option("--method", help="full, lora or qlora.")] = "lora",
    sequence: Annotated[int, typer.Option("--sequence", min=1, help="Length of a sequence [token].")] = 2048,
    micro_batch: Annotated[int, typer.Option("--micro-batch", min=1, help="Sequences on a device at a time.")] = 1,
    rank: Annotated[int, typer.Option("--rank", min=1, help="Rank of the adapters.")] = 16,
    checkpointing: Annotated[
        bool, typer.Option("--checkpointing/--no-checkpointing", help="Compute activations again in the backward pass.")
    ] = True,
    device: Annotated[list[str] | None, typer.Option("--device", help="Only this device; may repeat.")] = None,
    tariff: Annotated[float, typer.Option("--tariff", min=0.0, help="Electricity [USD/kWh].")] = 0.15,
    pue: Annotated[float, typer.Option("--pue", min=1.0, help="Power usage effectiveness of an own room.")] = 1.3,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on stdout.")] = False,
    models: Annotated[
        list[Path] | None, typer.Option("--models", help="Folder of NAME/config.json to add; may repeat.")
    ] = None,
    devices: Annotated[list[Path] | None, typer.Option("--devices", help="Catalogue file to add; may repeat.")] = None,
) -> None:
    """Fine-tuning (full, LoRA, QLoRA) on every machine: memory, time, energy, cost. Exit 1 if it fits nowhere."""
    from millwright.catalog.catalog import load_catalog
    from millwright.fleet.finetune import training_options
    from millwright.perf.training import Method, TrainingRun

    try:
        chosen = Method(method.strip().lower())
    except ValueError:
        raise InputError(f"'{method}' is no way to fine-tune", "--method", "Use full, lora or qlora.") from None
    catalog = load_catalog(tuple(devices or ()), tuple(models or ()))
    run = TrainingRun(catalog.model(model), chosen, _token_count(tokens), sequence, micro_batch, rank, checkpointing)
    found, cannot = training_options(run, catalog, tariff_usd_per_kwh=tariff, pue=pue, devices=device)
    if as_json:
        typer.echo(json.dumps(_as_json(run, found, cannot), indent=1))
    else:
        _show(run, found, cannot)
    if not found:
        raise typer.Exit(EXIT_NO)


_SCALES = {"k": 1e3, "m": 1e6, "b": 1e9}


def _token_count(text: str) -> float:
    plain = text.strip().lower().replace(",", "").replace("_", "")
    scale = _SCALES.get(plain[-1:], 1.0)
    try:
        count = float(plain[:-1] if plain[-1:] in _SCALES else plain) * scale
    except ValueError:
        count = 0.0
    if not 1.0 <= count <= 1e15:
        raise InputError(f"'{text}' is no number of tokens", "--tokens", "Write 50M, 1.2B or 20000000.")
    return count


def _show(run: TrainingRun, found: list[TrainingOption], cannot: list[NoTraining]) -> None:
    from rich.console import Console
    from rich.table import Table

    from millwright.fleet.finetune import utilisation_of
    from millwright.perf.training import trained_parameters, training_flop

    console = Console(highlight=False)
    trained = trained_parameters(run)
    console.print(
        f"{run.model.name}, {run.method}: {trained / 1e6:,.4g} M of {run.model.weight_parameters() / 1e6:,.5g} M "
        f"weights trained, {run.tokens / 1e6:,.4g} M tokens, {training_flop(run):.3g} FLOP"
    )
    table = Table(box=None, pad_edge=False)
    for name in ("machine", "GB each", "hours", "kWh", "USD"):
        table.add_column(name, justify="left" if name == "machine" else "right", overflow="fold")
    for each in _one_per_title(found)[:15]:
        table.add_row(
            each.title,
            f"{each.memory.total_bytes / 1e9:.1f}",
            _range(each.time_s, 1 / 3600.0),
            _range(each.energy_kwh),
            _range(each.cost_usd),
        )
    console.print(table)
    if len(found) > 15:
        console.print(f"{len(found)} machines can do it; the 15 cheapest are shown. --json lists all.")
    if cannot:
        console.print(f"{len(cannot)} cannot, such as {cannot[0].title}: {cannot[0].reason}.")
    for source in dict.fromkeys(utilisation_of(each.device, run.method).source for each in found[:15]):
        console.print(f"[dim]Utilisation: {source}.[/dim]")


def _one_per_title(found: list[TrainingOption]) -> list[TrainingOption]:
    return list({each.title: each for each in reversed(found)}.values())[::-1]


def _range(value: Estimate, scale: float = 1.0) -> str:
    return f"{_plain(value.value * scale)} ({_plain(value.low * scale)} – {_plain(value.high * scale)})"


def _plain(value: float) -> str:
    return f"{float(f'{value:.2g}'):,.10g}"


def _as_json(run: TrainingRun, found: list[TrainingOption], cannot: list[NoTraining]) -> dict[str, object]:
    from millwright.perf.training import trained_parameters, training_flop

    def estimate(value: Estimate) -> dict[str, object]:
        return {"value": value.value, "low": value.low, "high": value.high, "basis": value.basis.value}

    return {
        "model": run.model.id,
        "method": run.method.value,
        "trained_parameters": trained_parameters(run),
        "flop": training_flop(run),
        "options": [
            {
                "offer": each.offer_id,
                "title": each.title,
                "device": each.device.id,
                "devices": each.devices,
                "rented": each.rented,
                "memory_per_device_bytes": {
                    "weights": each.memory.weights_bytes,
                    "gradients": each.memory.gradients_bytes,
                    "optimizer": each.memory.optimizer_bytes,
                    "activations": each.memory.activations_bytes,
                },
                "time_s": estimate(each.time_s),
                "energy_kwh": estimate(each.energy_kwh),
                "cost_usd": estimate(each.cost_usd),
                "price": each.note,
            }
            for each in found
        ],
        "refused": [{"offer": each.offer_id, "title": each.title, "reason": each.reason} for each in cannot],
    }
