"""Looks at all that a session needs before one is started: each finding with its next step."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from tradeworthy.core.errors import TradeworthyError
from tradeworthy.gateways import embedded as redis_server
from tradeworthy.gateways.alerts.sender import targets_of
from tradeworthy.gateways.alerts.settings import FILE_NAME, alert_settings, shown
from tradeworthy.gateways.bus import connect as connect_bus
from tradeworthy.gateways.bus import place_of as place_of_bus
from tradeworthy.gateways.capital_ledger import read_ledger
from tradeworthy.gateways.control import PATH_BYTES_MAX
from tradeworthy.gateways.feeds.recorded import STEMS
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.runtime.assembly import instruments_of, timeframe_of
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.desks import check_desks
from tradeworthy.runtime.home import Home, holder_words, read_holder
from tradeworthy.runtime.runs import find
from tradeworthy.runtime.state_keeping import ledgers_in
from tradeworthy.store import addresses
from tradeworthy.store.migrating import schema_versions

GIB = 1 << 30
SYNCS = 15
SYNC_MS_WARN = 20.0
CLOCK_SKEW_S_WARN = 1.0
RECORDED_VARIABLE = "TRADEWORTHY_DATA__RECORDED"


CHECKS = (
    *("python", "home", "disk", "socket", "session", "latch", "clock", "recorded", "ledgers", "alerts"),
    *("database", "redis"),
)
"""In their order."""


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """One check: what was found, and what to do about it ("" if nothing)."""

    check: str
    state: State
    found: str
    next_step: str = ""


def examine(home: Home, configuration: Configuration | None = None) -> Iterator[Finding]:
    """All findings, the cheapest first; embedded servers are started for it and left again."""
    checks: list[Callable[[], Finding]] = [
        check_python,
        lambda: check_home(home),
        lambda: check_disk(home),
        lambda: check_socket_path(home),
        lambda: check_session(home),
        lambda: check_latch(home),
        check_clock,
        lambda: check_recorded(configuration),
        lambda: check_ledgers(home),
        lambda: check_alerts(home),
        lambda: check_database(home),
        lambda: check_redis(home),
    ]
    for name, check in zip(CHECKS, checks, strict=True):
        try:
            yield check()
        except TradeworthyError as error:
            yield failed(name, error)
        except OSError as error:
            yield Finding(name, State.FAIL, f"{error.strerror} ({error.filename})", "correct that")


def failed(check: str, error: TradeworthyError) -> Finding:
    """The finding that `error` is: our messages end with the next step."""
    found, _, step = str(error).partition("; ")
    return Finding(check, State.FAIL, found, step)


def check_python() -> Finding:
    """The interpreter and this package."""
    return Finding(
        "python",
        State.OK,
        f"Python {platform.python_version()}, tradeworthy {metadata.version('tradeworthy')}",
    )


def check_home(home: Home) -> Finding:
    """That the home folder is there and can be written to."""
    home.make()
    with tempfile.NamedTemporaryFile(dir=home.path, prefix=".doctor."):
        pass
    return Finding("home", State.OK, f"{home.path} can be written to")


def check_disk(home: Home) -> Finding:
    """Room on the disk of the home folder, and how long it takes to make a write durable."""
    free = shutil.disk_usage(home.path).free
    sync_ms = statistics.median(_sync_times_ms(home.path))
    found = f"{free / GIB:.1f} GiB free, a durable write takes {sync_ms:.2f} ms"
    if free < GIB // 4:
        return Finding("disk", State.FAIL, found, "make room: a session halts when its journal can't grow")
    if free < 2 * GIB:
        return Finding("disk", State.WARN, found, "make room soon: a busy day writes some hundred MiB")
    if sync_ms > SYNC_MS_WARN:
        return Finding("disk", State.WARN, found, "put TRADEWORTHY_HOME on a faster disk: orders wait for it")
    return Finding("disk", State.OK, found)


def _sync_times_ms(folder: Path) -> Iterator[float]:
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            yield (time.perf_counter() - began) * 1e3


def check_socket_path(home: Home) -> Finding:
    """That the control socket's path fits into a unix socket's address."""
    length = len(os.fsencode(home.control_socket))
    found = f"the control socket's path has {length} of {PATH_BYTES_MAX} bytes"
    if length > PATH_BYTES_MAX or not hasattr(socket, "AF_UNIX"):
        return Finding("socket", State.FAIL, found, "set TRADEWORTHY_HOME to a shorter folder")
    return Finding("socket", State.OK, found)


def check_session(home: Home) -> Finding:
    """Whether a session runs, and how many runs are on disk."""
    holder = read_holder(home.lock)
    count = sum(1 for _ in home.runs.glob("*/"))
    if holder is not None:
        return Finding("session", State.OK, f"one is running ({holder_words(holder)}); {count} runs on disk")
    newest = f", the newest {find(home, '').name}" if count else ""
    return Finding("session", State.OK, f"none is running; {count} runs on disk{newest}")


def check_latch(home: Home) -> Finding:
    """Whether entries are halted."""
    latch = LatchFile(home.path).read()
    if latch is None:
        return Finding("latch", State.OK, "not set")
    when = f" since {datetime.fromtimestamp(latch.at / 1e9, UTC):%Y-%m-%dT%H:%M:%SZ}" if latch.at else ""
    found = f"entries are halted by {latch.by}{when}: {latch.reason}"
    return Finding("latch", State.WARN, found, "`tradeworthy resume --by NAME --reason TEXT` releases it")


def check_clock() -> Finding:
    """That the wall clock is plausible, runs, and doesn't go back; a database tells more (see check_database)."""
    now = datetime.now(UTC)
    wall, steady = time.time_ns(), time.monotonic_ns()
    time.sleep(0.05)
    drift_ms = abs((time.time_ns() - wall) - (time.monotonic_ns() - steady)) / 1e6
    found = f"{now:%Y-%m-%dT%H:%M:%SZ}, {drift_ms:.2f} ms off in 50 ms"
    if not 2024 <= now.year < 2100:
        return Finding("clock", State.FAIL, found, "set the machine's clock")
    if drift_ms > 5:
        return Finding("clock", State.WARN, found, "the clock is being stepped: see that NTP slews it")
    return Finding("clock", State.OK, found)


def check_recorded(configuration: Configuration | None) -> Finding:
    """The folder of recorded data, if one is set."""
    setting = os.environ.get(RECORDED_VARIABLE)
    folder = configuration.data.recorded if configuration else Path(setting) if setting else None
    if folder is None:
        step = f"for `--feed recorded` set {RECORDED_VARIABLE}; recorded:DIR and the simulator need none"
        return Finding("recorded", State.OK, "no folder of recorded data is set", step)
    if not folder.is_dir():
        return Finding("recorded", State.FAIL, f"{folder} is no folder", f"correct {RECORDED_VARIABLE}")
    bars = [path for stem in STEMS for path in folder.glob(f"**/{stem}_*.parquet")]
    if not bars:
        step = f"a folder with {STEMS[0]}_1m.parquet or {STEMS[1]}_1m.parquet is wanted"
        return Finding("recorded", State.WARN, f"{folder} holds no bars", step)
    folders = len({path.parent for path in bars})
    return Finding("recorded", State.OK, f"{folder} holds {len(bars)} files of bars in {folders} folders")


def check_ledgers(home: Home) -> Finding:
    """That the chains of the capital ledgers under the home folder hold; UsageError names the first that doesn't."""
    paths = ledgers_in(home)
    if not paths:
        return Finding("ledgers", State.OK, "there is no capital ledger yet")
    days = sum(len(read_ledger(path)) for path in paths)
    return Finding("ledgers", State.OK, f"{len(paths)} capital ledgers with {days} days are whole")


def check_alerts(home: Home) -> Finding:
    """That the settings of alerts can be read, and their addresses too; UsageError if not. Nothing is sent."""
    settings = alert_settings(home.path)
    targets = targets_of(settings)
    if not targets:
        step = f"write `urls` into [alerts] of {home.path / FILE_NAME} (mode 600), then `tradeworthy alerts test`"
        return Finding("alerts", State.OK, "no address: alerts go to the log and the database", step)
    heartbeat = shown(settings.heartbeat_url.get_secret_value()) if settings.heartbeat_url else "none"
    names = ", ".join(target.name for target in targets)
    found = f"to {names}, from severity {settings.severity_min}; heartbeat to {heartbeat}"
    return Finding("alerts", State.OK, found, "`tradeworthy alerts test` sends some")


def check_configuration(configuration: Configuration) -> Finding:
    """That its desks can be made and its instruments listed; UsageError if not."""
    timeframe, instruments = timeframe_of(configuration), instruments_of(configuration)
    check_desks(configuration)
    desks = len(configuration.desks)
    what = (
        "prediction markets"
        if configuration.on_predictions
        else f"{len(instruments)} instruments, {timeframe} bars"
    )
    found = f"{configuration.name}: {desks} desks on {what}"
    return Finding("config", State.OK, found)


def check_database(home: Home) -> Finding:
    """That the database can be reached, has our tables, and agrees on the time."""
    kind = "external" if os.environ.get("DATABASE_URL") else "embedded"
    try:
        url = addresses.database_url(home.path)
        with addresses.connect(url) as connection:
            row = connection.execute("SELECT current_setting('server_version'), clock_timestamp()").fetchone()
            skew_s = abs((row[1] - datetime.now(UTC)).total_seconds()) if row else 0.0
        at, newest = schema_versions(url)
        place = addresses.place_of(url)
    finally:
        addresses.leave(home.path)
    found = f"{kind} PostgreSQL {row[0] if row else ''} at {place}, schema {at or 'none yet'}"
    if at != newest:
        return Finding("database", State.WARN, found, "`tradeworthy init` (or the next run) migrates it")
    if skew_s > CLOCK_SKEW_S_WARN:
        step = "set both clocks by NTP"
        return Finding("database", State.WARN, f"{found}; its clock is {skew_s:.1f} s away", step)
    return Finding("database", State.OK, found)


def check_redis(home: Home) -> Finding:
    """That the bus can be reached."""
    kind = "external" if os.environ.get("REDIS_URL") else "embedded"
    try:
        url = redis_server.redis_url(home.path)
        connection = connect_bus(url)
        version = connection.info("server")["redis_version"]
        connection.close()
    finally:
        redis_server.leave(home.path)
    return Finding("redis", State.OK, f"{kind} Redis {version} at {place_of_bus(url)}")
