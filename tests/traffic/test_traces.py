"""Reading recorded requests."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millwright.traffic.traces import MOONCAKE_BLOCK_TOKENS, Columns, TraceError, read_lengths, read_trace

AZURE = """\
TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:50.9951690,396,109
2023-11-16 18:15:51.2224670,879,55
"""

MOONCAKE = [
    {"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1, 2]},
    {"timestamp": 3000, "input_length": 7322, "output_length": 490, "hash_ids": [0, 14]},
    {"timestamp": 3000, "input_length": 10, "output_length": 794},
]


def _file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_azure_trace_is_read_by_its_headings(tmp_path: Path) -> None:
    requests = read_trace(_file(tmp_path, "azure.csv", AZURE))
    assert requests.arrival_s == pytest.approx([0.0, 4.314579, 4.541877])
    assert list(requests.input_tokens) == [374, 396, 879]
    assert list(requests.output_tokens) == [44, 109, 55]


def test_mooncake_is_read_with_its_prefix_blocks(tmp_path: Path) -> None:
    requests = read_trace(_file(tmp_path, "m.jsonl", "\n".join(json.dumps(row) for row in MOONCAKE) + "\n\n"))
    assert list(requests.arrival_s) == [0.0, 3.0, 3.0]
    assert list(requests.output_tokens) == [500, 490, 794]
    assert requests.prefix_blocks is not None
    assert requests.prefix_offsets is not None
    assert list(requests.prefix_blocks) == [0, 1, 2, 0, 14]
    assert list(requests.prefix_offsets) == [0, 3, 5, 5]
    assert requests.prefix_block_tokens == MOONCAKE_BLOCK_TOKENS


def test_mooncake_without_hashes_has_no_prefix_blocks(tmp_path: Path) -> None:
    requests = read_trace(_file(tmp_path, "m.jsonl", json.dumps(MOONCAKE[2])), "mooncake")
    assert requests.prefix_blocks is None


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_named_columns_are_read_from_csv_and_parquet(ending: str, tmp_path: Path) -> None:
    table = pl.DataFrame({"when": [5.0, 5.5, 9.0], "in": [10, 20, 30], "out": [1, 2, 3], "more": ["x", "y", "z"]})
    path = tmp_path / f"t.{ending}"
    table.write_csv(path) if ending == "csv" else table.write_parquet(path)
    requests = read_trace(path, "generic", Columns("when", "in", "out"))
    assert list(requests.arrival_s) == [0.0, 0.5, 4.0]
    assert list(requests.input_tokens) == [10, 20, 30]


@pytest.mark.parametrize(
    "stamps",
    [
        ["2025-01-31 12:00:00", "2025-01-31 12:00:01.5"],
        ["2025-01-31T12:00:00Z", "2025-01-31T12:00:01.5Z"],
        ["2025-01-31T12:00:00+02:00", "2025-01-31T12:00:01.5+02:00"],
        [" 7", "8.5 "],
        ["1e3", "1001.5"],
    ],
)
def test_times_may_be_seconds_or_time_stamps(stamps: list[str], tmp_path: Path) -> None:
    lines = "".join(f"{stamp},10,5\n" for stamp in stamps)
    requests = read_trace(_file(tmp_path, "t.csv", "arrival_s,input_tokens,output_tokens\n" + lines))
    assert requests.arrival_s == pytest.approx([0.0, 1.5])


def test_time_stamps_of_parquet_keep_their_microseconds(tmp_path: Path) -> None:
    start = dt.datetime(2025, 1, 31, 12, 0, 0, 123456)
    table = pl.DataFrame(
        {
            "arrival_s": [start, start + dt.timedelta(microseconds=7)],
            "input_tokens": [1, 1],
            "output_tokens": [1, 1],
        }
    )
    table.write_parquet(tmp_path / "t.parquet")
    assert read_trace(tmp_path / "t.parquet").arrival_s == pytest.approx([0.0, 7e-6], abs=1e-12)


HEADINGS = "arrival_s,input_tokens,output_tokens\n"


@pytest.mark.parametrize(
    ("name", "content", "where", "message"),
    [
        ("t.csv", "", "t.csv", "the file is empty"),
        ("t.csv", HEADINGS, "t.csv", "the trace has no requests"),
        ("t.csv", HEADINGS + "0,5,5\n1,-5,5\n", "t.csv:3", "input_tokens is '-5'"),
        ("t.csv", HEADINGS + "0,5,5\n1,5,0\n", "t.csv:3", "output_tokens is '0'"),
        ("t.csv", HEADINGS + "0,5,5\n1,5.5,5\n", "t.csv:3", "input_tokens is '5.5'"),
        ("t.csv", HEADINGS + "0,5,5\n1,nan,5\n", "t.csv:3", "input_tokens is 'nan'"),
        ("t.csv", HEADINGS + "0,5,5\n1,1e30,5\n", "t.csv:3", "input_tokens is '1e30'"),
        ("t.csv", HEADINGS + "0,5,5\n1,5\n", "t.csv:3", "output_tokens is empty"),
        ("t.csv", HEADINGS + "0,5,5\nnoon,5,5\n", "t.csv:3", "arrival_s is 'noon'"),
        ("t.csv", HEADINGS + "0,5,5\ninf,5,5\n", "t.csv:3", "arrival_s is 'inf'"),
        ("t.csv", HEADINGS + "noon,5,5\n", "t.csv:2", "arrival_s is 'noon'"),
        ("t.csv", HEADINGS + "5,5,5\n4,5,5\n", "t.csv:3", "arrives 1 s before the one above it"),
        ("t.csv", "a,b\n1,2\n", "t.csv", "not clear from the headings a, b"),
        ("t.csv", b"\xff\xfe\x00\x01", "t.csv", "not clear|cannot be read"),
        ("t.parquet", "no parquet", "t.parquet", "cannot be read as Parquet"),
        ("t.jsonl", '{"timestamp": 0}', "t.jsonl:1", "input_length is empty"),
        ("t.jsonl", "[1]", "t.jsonl:1", "the line is no JSON object"),
        ("t.jsonl", "\n\n{", "t.jsonl:3", "the line is no JSON"),
        ("t.jsonl", "[" * 100_000, "t.jsonl:1", "the line is no JSON"),
        ("t.jsonl", '{"timestamp": NaN, "input_length": 1, "output_length": 1}', "t.jsonl:1", "timestamp is 'nan'"),
        (
            "t.jsonl",
            '{"timestamp": 0, "input_length": true, "output_length": 1}',
            "t.jsonl:1",
            "input_length is 'True'",
        ),
        (
            "t.jsonl",
            '{"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": ["x"]}',
            "t.jsonl:1",
            "hash_ids is not a list of whole numbers",
        ),
        (
            "t.jsonl",
            "\n\n".join(json.dumps({"timestamp": time, "input_length": 1, "output_length": 1}) for time in (9, 0)),
            "t.jsonl:3",
            "arrives 0.009 s before",
        ),
    ],
)
def test_a_wrong_trace_is_refused_with_its_line(
    name: str, content: str | bytes, where: str, message: str, tmp_path: Path
) -> None:
    path = _file(tmp_path, name, content)
    with pytest.raises(TraceError, match=message) as refused:
        read_trace(path)
    assert refused.value.where == str(tmp_path / where)
    assert refused.value.remedy


def test_a_missing_trace_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="there is no such file"):
        read_trace(tmp_path / "nothing.csv")
    with pytest.raises(TraceError, match="is a folder"):
        read_trace(tmp_path)


def test_lengths_come_from_one_column_ascending(tmp_path: Path) -> None:
    assert list(read_lengths(_file(tmp_path, "l.csv", "n\n30\n10\n20\n"))) == [10, 20, 30]
    assert list(read_lengths(_file(tmp_path, "m.csv", "n,m\n3,9\n1,8\n"), "m")) == [8, 9]
    assert list(read_lengths(_file(tmp_path, "l.jsonl", '{"n": 3}\n{"n": 1}\n'))) == [1, 3]
    pl.DataFrame({"n": [3, 1, 2]}).write_parquet(tmp_path / "l.parquet")
    assert list(read_lengths(tmp_path / "l.parquet")) == [1, 2, 3]
    with pytest.raises(TraceError, match="the file has 2 columns: n, m"):
        read_lengths(tmp_path / "m.csv")
    with pytest.raises(TraceError, match="there is no column 'x'"):
        read_lengths(tmp_path / "m.csv", "x")


@given(content=st.text(alphabet="0123456789.,-e\n\"' abc{}[]:T", max_size=80), ending=st.sampled_from(["csv", "jsonl"]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_trace_or_refused(content: str, ending: str, tmp_path: Path) -> None:
    path = _file(tmp_path, f"t.{ending}", HEADINGS + content if ending == "csv" else content)
    with contextlib.suppress(TraceError):
        requests = read_trace(path)
        assert (np.diff(requests.arrival_s) >= 0).all()
        assert requests.input_tokens.min() >= 1


@given(
    gaps=st.lists(st.floats(0, 1000), min_size=1, max_size=30),
    lengths=st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**5)), min_size=30, max_size=30),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_back(gaps: list[float], lengths: list[tuple[int, int]], tmp_path: Path) -> None:
    arrival_s = np.cumsum(gaps)
    table = pl.DataFrame(
        {
            "arrival_s": arrival_s,
            "input_tokens": [each for each, _ in lengths[: len(gaps)]],
            "output_tokens": [each for _, each in lengths[: len(gaps)]],
        }
    )
    table.write_csv(tmp_path / "t.csv")
    requests = read_trace(tmp_path / "t.csv")
    assert requests.arrival_s == pytest.approx(arrival_s - arrival_s[0])
    assert list(requests.input_tokens) == table["input_tokens"].to_list()


@pytest.mark.shared_data
def test_the_real_azure_hour_is_read_whole(shared_data: Path) -> None:
    requests = read_trace(shared_data / "traces" / "azure_2023_conv.parquet")
    assert len(requests) == 19_366
    assert requests.input_tokens.mean() == pytest.approx(1154.7, abs=0.1)
    assert requests.output_tokens.mean() == pytest.approx(211.1, abs=0.1)
    assert requests.arrival_s[-1] == pytest.approx(3501.7, abs=0.1)


def test_parquet_carries_prefix_blocks_as_jsonl_does(tmp_path: Path) -> None:
    rows = {"arrival_s": [0.0, 1.0, 2.5], "input_tokens": [600, 100, 1500], "output_tokens": [5, 6, 7]}
    hashes = [[1, 2], [3], [1, 2, 9]]
    pl.DataFrame({**rows, "hash_ids": hashes}).write_parquet(tmp_path / "trace.parquet")
    requests = read_trace(tmp_path / "trace.parquet")
    assert requests.prefix_blocks is not None
    assert requests.prefix_offsets is not None
    assert requests.prefix_blocks.tolist() == [1, 2, 3, 1, 2, 9]
    assert requests.prefix_offsets.tolist() == [0, 2, 3, 6]
    assert requests.prefix_block_tokens == 512
    pl.DataFrame({**rows, "hash_ids": ["a", "b", "c"]}).write_parquet(tmp_path / "odd.parquet")
    with pytest.raises(TraceError, match="hash_ids"):
        read_trace(tmp_path / "odd.parquet")
