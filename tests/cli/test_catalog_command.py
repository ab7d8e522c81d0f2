"""The catalogue as people read it on a terminal."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from millwright.cli.main import app


def _shown(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["catalog", *arguments])
    assert result.exit_code == 0
    return result.output


def test_figures_are_written_for_people() -> None:
    assert "3,000,000 USD" in _shown("list", "hosts")
    devices = _shown("list", "devices")
    assert " 2022 " in devices
    assert "year AD" not in devices
    assert "0.65 1 " not in _shown("list", "countries")


def test_an_entry_shows_each_figure_once_with_its_unit() -> None:
    card = _shown("show", "h100-sxm")
    assert "3,350 GB/s" in card
    assert "memory_bandwidth_bytes_per_s" not in card


def test_a_models_layers_are_told_in_a_line_each() -> None:
    model = _shown("show", "deepseek-v3")
    assert "58 layers: mla attention, 128 heads, 512 latent width" in model
    assert "256 experts, 8 of them for each token" in model
    assert "{" not in model


def test_programs_still_get_every_field() -> None:
    fields = json.loads(_shown("show", "h100-sxm", "--json"))["fields"]
    assert fields["memory_bandwidth_bytes_per_s"] == 3.35e12
