"""Makes an installation ready to use: home folder, database, example configurations."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tradeworthy.core.errors import UsageError
from tradeworthy.runtime.examples import example_files
from tradeworthy.runtime.home import Home
from tradeworthy.store import addresses, init_db
from tradeworthy.store.migrating import schema_versions


class Step(NamedTuple):
    """One thing that is to be there: whether this call made it, and a word if it differs from what we would make."""

    what: str
    made: bool
    note: str = ""


def init(home: Home, folder: Path) -> Iterator[Step]:
    """Make what is missing of home folder, database and the examples in `folder`; what is there stays as it is.

    UsageError if a folder can't be made; Retryable if the database can't be reached.
    """
    fresh = not home.runs.is_dir()
    home.make()
    yield Step(f"home folder {home.path}", fresh)
    yield _database(home)
    for name, source in example_files().items():
        yield _copy(source, folder / name)


def _database(home: Home) -> Step:
    embedded = not os.environ.get("DATABASE_URL")
    fresh = embedded and not (home.path / "postgres" / "data").exists()
    try:
        url = addresses.database_url(home.path)
        before, newest = schema_versions(url)
        asyncio.run(init_db(home.path))
    finally:
        addresses.leave(home.path)
    kind = "embedded database" if embedded else f"database at {addresses.place_of(url)}"
    return Step(f"{kind}, schema {newest}", fresh or before != newest)


def _copy(source: Path, target: Path) -> Step:
    content = source.read_bytes()
    if target.exists():
        same = target.is_file() and target.read_bytes() == content
        return Step(str(target), made=False, note="" if same else "kept, though it differs from the example")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"can't write {target}: {error.strerror}; name another folder: tradeworthy init FOLDER"
        ) from error
    return Step(str(target), made=True)
