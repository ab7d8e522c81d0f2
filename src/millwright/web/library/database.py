"""Opening the database of a library: SQLite in a file by default, PostgreSQL by URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from millwright.errors import InputError
from millwright.web.library.migrate import migrate
from millwright.web.library.store import Library

BUSY_MS = 10_000
"""How long a writer of SQLite waits for another [ms]."""


def open_library(url: str) -> Library:
    """Return the library at a database URL, made or brought up to date; raises InputError with what is wrong.

    `sqlite:///FILE` makes the file and its folder; `postgresql://…` needs a database that is there.
    """
    engine = make_engine(url)
    try:
        migrate(engine)
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        engine.dispose()
        raise InputError(
            f"the database cannot be used: {reason}", engine.url.render_as_string(), "Check that it is there."
        ) from None
    return Library(engine)


def make_engine(url: str) -> sa.Engine:
    """Return the engine for a database URL, with what each kind of database needs to lose nothing."""
    try:
        parsed = sa.make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        kind = parsed.get_backend_name()
        if kind == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        if kind not in ("sqlite", "postgresql"):
            raise NoSuchModuleError(kind)
        engine = sa.create_engine(parsed, pool_pre_ping=kind == "postgresql")
    except (ArgumentError, NoSuchModuleError) as error:
        raise InputError(
            f"this is no database the library can live in ({error})",
            "--database",
            "Write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
        ) from None
    except OSError as error:
        raise InputError(f"the folder of the library cannot be made: {error.strerror}", str(error.filename)) from None
    if kind == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """Set a new SQLite connection up: readers beside a writer, every commit on the disk, references kept."""
    for line in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {line}")
