"""A file is either whole or as it was, and what cannot be written is told by its name and the reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from millwright.errors import InputError
from millwright.whole_file import check_writable, write_whole


def test_a_file_is_made_with_the_folders_it_needs(tmp_path: Path) -> None:
    write_whole(tmp_path / "new" / "deep" / "plan.json", b"{}")
    assert [path.name for path in (tmp_path / "new" / "deep").iterdir()] == ["plan.json"]
    assert (tmp_path / "new" / "deep" / "plan.json").read_bytes() == b"{}"


def test_what_is_stopped_halfway_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(b"old")

    def stopped(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("plan.json", b"old")]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_bytes(b"old")
    (tmp_path / "link.json").symlink_to("kept.json")
    write_whole(tmp_path / "link.json", b"new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "kept.json").read_bytes() == b"new"


def test_a_pipe_is_written_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, b"told")
    assert os.read(reader, 10) == b"told"
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["folder", "file/below.csv", "x" * 300])
def test_what_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="the file cannot be written") as refused:
        write_whole(tmp_path / name, b"new")
    assert str(tmp_path / name) in str(refused.value)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize(("name", "reason"), [("folder", "it is a folder"), ("file/below.csv", "file is no folder")])
def test_what_cannot_be_written_is_refused_before_the_work(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=reason):
        check_writable(tmp_path / name)
    check_writable(tmp_path / "new" / "deep" / "plan.json")
    assert not (tmp_path / "new").exists(), "a check makes nothing"
