"""What is saved stays, whole, through crashes and new versions, in SQLite and in PostgreSQL alike.

PostgreSQL is looked for at MILLWRIGHT_TEST_POSTGRESQL, which `.ci/run` sets; each test has a database of its own there.
"""

from __future__ import annotations

import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from millwright.errors import InputError
from millwright.web.library.database import make_engine, open_library
from millwright.web.library.migrate import migrate, revision_of, revisions
from millwright.web.library.store import Library, LibraryFullError, NotThereError
from millwright.web.library.tables import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'library.sqlite'}"
        return
    server = os.environ.get("MILLWRIGHT_TEST_POSTGRESQL")
    if not server:
        pytest.skip("no PostgreSQL: set MILLWRIGHT_TEST_POSTGRESQL to the URL of a server, as .ci/run does")
    name = f"millwright_{secrets.token_hex(6)}"
    admin = make_engine(server)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture
def library(url: str) -> Iterator[Library]:
    opened = open_library(url)
    yield opened
    opened.close()


# --- saving ---


def test_what_is_saved_is_found_again(library: Library) -> None:
    text = "name: größer ≥ 1 😀\n"
    saved = library.save_scenario("größer", text, "ada")
    assert library.scenario(saved.id) == saved
    assert library.scenarios() == [saved]
    assert saved.saved_at.tzinfo is not None


def test_saving_again_under_a_name_keeps_what_was(library: Library) -> None:
    first, second = library.save_scenario("a", "1"), library.save_scenario("a", "2")
    assert [each.text for each in library.scenarios()] == ["2", "1"]
    assert first.id != second.id


def test_what_is_not_there_is_told_with_its_kind(library: Library) -> None:
    for find, kind in ((library.scenario, "scenario"), (library.plan, "plan"), (library.job, "job")):
        with pytest.raises(NotThereError, match=f"no {kind} 'x'"):
            find("x")
    for find_more in (library.calibration, library.measurement, library.content):
        with pytest.raises(NotThereError):
            find_more("x")


def test_an_uploaded_file_is_kept_once_and_only_so_many_bytes(library: Library) -> None:
    content = bytes(range(256)) * 4
    first = library.save_attachment("a.bin", content, 2000)
    assert library.save_attachment("a.bin", content, 2000) == first
    assert library.content(first.id) == content
    with pytest.raises(LibraryFullError):
        library.save_attachment("b.bin", content, 2000)
    library.delete_attachment(first.id)
    library.save_attachment("b.bin", content, 2000)


def test_a_file_that_a_measurement_stands_on_stays(library: Library) -> None:
    file = library.save_attachment("a.csv", b"x", 100)
    library.save_measurement("lab", file.id, 3)
    with pytest.raises(InputError, match="'lab' stands on it"):
        library.delete_attachment(file.id)
    with pytest.raises(sa.exc.IntegrityError):
        library.save_measurement("lost", "ffffffffffff", 3)


# --- migrations ---


def test_migrations_lead_to_the_tables_the_code_uses(library: Library) -> None:
    with library.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert revision_of(library.engine) == revisions()[-1]


@pytest.mark.parametrize("released", revisions())
def test_a_database_of_every_version_comes_up_with_what_it_held(url: str, released: str) -> None:
    engine = make_engine(url)
    migrate(engine, released)
    assert revision_of(engine) == released
    _fill(engine)
    before = _contents(engine)
    engine.dispose()

    library = open_library(url)
    after = _contents(library.engine)
    assert {name: after[name] for name in before} == before
    assert [each.name for each in library.scenarios()] == ["old"]
    assert library.plan("a" * 12).scenario_id == "a" * 12
    assert library.job("a" * 12).state == "done"
    library.save_scenario("new", "text")
    library.close()


def test_opening_twice_changes_nothing(url: str) -> None:
    first = open_library(url)
    saved = first.save_scenario("a", "b")
    second = open_library(url)
    assert second.scenario(saved.id) == saved
    first.close()
    second.close()


def test_a_database_of_a_newer_version_is_left_alone(url: str) -> None:
    library = open_library(url)
    with library.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    library.close()
    with pytest.raises(InputError, match="newer Millwright"):
        open_library(url)


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://root@localhost/x", "postgresql://nobody@127.0.0.1:1/none", "sqlite:////proc/x/y.db"]
)
def test_a_database_that_cannot_be_is_told_in_one_paragraph(url: str) -> None:
    with pytest.raises(InputError) as caught:
        open_library(url)
    assert "\n" not in str(caught.value)


def _fill(engine: sa.Engine) -> None:
    """Put one row into every table, as a server of that version would have."""
    tables = sa.MetaData()
    tables.reflect(engine)
    special: dict[str, Any] = {"name": "old", "state": "done", "content": b"bytes", "saved_at": None}
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            if table.name == "alembic_version":
                continue
            row = {}
            for column in table.columns:
                if isinstance(column.type, sa.DateTime):
                    row[column.name] = sa.func.current_timestamp()
                elif column.name in special:
                    row[column.name] = special[column.name]
                elif column.name == "id" or column.foreign_keys:
                    row[column.name] = "a" * 12
                else:
                    row[column.name] = 1 if column.type.python_type in (int, float) else "text"
            connection.execute(table.insert().values(row))


def _contents(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select())]
            for table in tables.sorted_tables
            if table.name != "alembic_version"
        }


# --- crashes ---

SAVER = """
import sys
from millwright.web.library.database import open_library
library = open_library(sys.argv[1])
text = "0123456789abcdef" * 16384
print("ready", flush=True)
while True:
    row = library.save_scenario("big", text)
    print(row.id, flush=True)
"""


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.2])
def test_a_server_killed_while_it_saves_loses_nothing_and_leaves_nothing_half_written(url: str, after_s: float) -> None:
    saver = subprocess.Popen([sys.executable, "-c", SAVER, url], stdout=subprocess.PIPE, text=True)
    assert saver.stdout is not None
    assert saver.stdout.readline() == "ready\n"
    told = [saver.stdout.readline().strip()]
    time.sleep(after_s)
    saver.send_signal(signal.SIGKILL)
    told += [line.strip() for line in saver.stdout.read().splitlines() if len(line.strip()) == 12]
    saver.wait()

    library = open_library(url)
    kept = {each.id: each for each in library.scenarios()}
    assert set(told) <= kept.keys(), "what was told as saved is there"
    assert all(len(each.text) == 16 * 16384 for each in kept.values()), "and whole"
    library.save_scenario("after", "text")
    library.close()
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
