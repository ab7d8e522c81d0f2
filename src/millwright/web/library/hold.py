"""One server to a library: jobs are marked interrupted when a server begins, which another's must not be."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from millwright.errors import InputError

_ADVISORY_KEY = 0x4D494C4C
"""Key of the lock in PostgreSQL, which locks of other programs in the same database are unlikely to have: `MILL`."""


def hold(engine: sa.Engine) -> Callable[[], None]:
    """Take the library for this server, and return how to let it go; raises InputError where another has it.

    The lock goes with the process, however that ends.
    """
    if engine.dialect.name == "sqlite":
        return _hold_file(engine)
    connection = engine.connect()
    if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(_ADVISORY_KEY))).scalar_one():
        connection.close()
        raise _in_use(engine)
    connection.commit()
    return _closer(connection)


def _hold_file(engine: sa.Engine) -> Callable[[], None]:
    path = Path(f"{engine.url.database}.lock")
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise _in_use(engine) from None
    return file.close


def _closer(connection: sa.Connection) -> Callable[[], None]:
    def close() -> None:
        connection.invalidate()  # the session ends, and its lock with it; back in the pool it would keep both
        connection.close()

    return close


def _in_use(engine: sa.Engine) -> InputError:
    return InputError(
        "another server uses this library", engine.url.render_as_string(), "Stop it, or choose another --database."
    )
