"""Reading serving points: what the words mean, and what is made of gaps."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from millwright.errors import InputError
from millwright.measure.points import Load, Phase, points_of, read_points, read_table


def point(**fields: object):  # type: ignore[no-untyped-def]
    return points_of(pl.DataFrame({name: [value] for name, value in fields.items()}, strict=False))[0]


@pytest.mark.parametrize(
    ("words", "load"),
    [
        ("max concurrency (closed loop)", Load.CLOSED),
        ("concurrent requests", Load.CLOSED),
        ("request rate (Poisson)", Load.RATE),
        ("static batch size", Load.STATIC),
        ("batch 1", Load.STATIC),
        ("max_num_seqs (saturating load, steady state)", Load.SATURATED),
        ("all requests queued at once (offline max throughput)", Load.OFFLINE),
        ("number of requests, all at once", Load.BURST),
    ],
)
def test_load_kinds_are_told_apart(words: str, load: Load) -> None:
    assert point(load_kind=words, concurrency_or_rate=4.0).load is load


def test_inferencemax_lengths_are_nine_tenths_of_nominal() -> None:
    jittered = point(isl=1024.0, osl=8192.0, isl_dist="random, lengths uniform in [0.8x,1.0x] of nominal")
    fixed = point(isl=1024.0, osl=8192.0, isl_dist="fixed")
    assert jittered.input_tokens == pytest.approx(0.9 * 1024)
    assert jittered.output_tokens == pytest.approx(0.9 * 8192)
    assert fixed.input_tokens == 1024


def test_pools_of_disaggregated_rows_are_read_from_their_layout() -> None:
    read = point(
        disaggregated=True,
        n_accelerators=36.0,
        n_prefill_accel=4.0,
        n_decode_accel=32.0,
        parallelism_text="tp=P4/D8 pp= ep=P4/D8 dp=Pworkers1/Dworkers4",
    )
    assert read.prefill_pool is not None
    assert (read.prefill_pool.workers, read.prefill_pool.devices, read.prefill_pool.tp) == (1, 4, 4)
    assert read.decode_pool is not None
    assert (read.decode_pool.workers, read.decode_pool.devices, read.decode_pool.tp) == (4, 8, 8)


def test_llama_bench_rows_are_one_phase_at_a_depth() -> None:
    decode = point(scenario="decode-only (llama-bench tg)", isl=65_536.0, osl=32.0, notes="sd=0.0; depth=65536")
    assert decode.phase is Phase.DECODE
    assert decode.context_tokens == 65_536


def test_an_empty_row_still_makes_a_point() -> None:
    empty = point(model="x")
    assert empty.devices == 1
    assert empty.input_tokens >= 1
    assert empty.output_tokens >= 1


def test_csv_and_parquet_read_alike(tmp_path: Path) -> None:
    frame = pl.DataFrame({"model": ["a", "b"], "isl": [128.0, None], "tp": [1, 2], "tpot_ms_mean": [5.0, None]})
    frame.write_csv(tmp_path / "p.csv")
    frame.write_parquet(tmp_path / "p.parquet")
    assert read_points(tmp_path / "p.csv") == read_points(tmp_path / "p.parquet")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.csv"):
        read_table(tmp_path / "missing.csv")


def test_a_table_without_device_and_model_is_no_table_of_points(tmp_path: Path) -> None:
    path = tmp_path / "fruit.csv"
    path.write_text("apples,pears\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column tells what was measured; the columns are: apples, pears"):
        read_table(path)


@pytest.mark.parametrize(
    ("contents", "found"),
    [(b"accelerator;model\nH100;llama\n", "set apart by semicolons"), (b"PK\x03\x04 rest", "a workbook of Excel")],
)
def test_what_a_spreadsheet_saves_in_place_of_a_csv_is_told_as_such(
    tmp_path: Path, contents: bytes, found: str
) -> None:
    path = tmp_path / "points.csv"
    path.write_bytes(contents)
    with pytest.raises(InputError, match=found):
        read_table(path)
