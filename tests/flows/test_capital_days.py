"""Paper days with ledger and state store around them, a real Redis that dies among them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import polars as pl
import pytest
import redis
from structlog.testing import capture_logs

from tests.flows.sessions import eventually
from tests.proving.market import NAMES, START, frame, instruments, settings
from tests.runtime.rig import events_of
from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import TradeworthyError
from tradeworthy.desks.divergence.events import BarJudged
from tradeworthy.execution.accounting import Opened
from tradeworthy.gateways.capital_ledger import read_ledger
from tradeworthy.gateways.control import Status, Stop, ask
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.runtime import services
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.configuration import Configuration, from_values
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.session import Ending, run_session
from tradeworthy.runtime.state_keeping import kept_desks
from tradeworthy.store.embedded import EmbeddedPostgres

DAYS, ROWS, STEP = 10, 96, 900_000_000_000
FIRST_DAY = datetime.fromtimestamp(START // 1_000_000_000, UTC).date()


class Onlooker(Agent):
    """Sees each judged bar before the desks go on, and does `act` at bar `at`."""

    def __init__(self, at: int = -1, act: Any = None) -> None:
        super().__init__("onlooker", State())
        self.bars: list[BarJudged] = []
        self._at, self._act = at, act

    @on(BarJudged)
    def take(self, event: BarJudged, _: Context) -> None:
        """Keep it."""
        self.bars.append(event)
        if len(self.bars) == self._at:
            self._act()


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Ten days of quarter hours of twelve instruments."""
    folder, made = tmp_path_factory.mktemp("bars"), frame(DAYS * ROWS)
    ts = START + np.arange(DAYS * ROWS, dtype=np.int64) * STEP
    parts = []
    for column, name in enumerate(NAMES):
        figures = {
            "open": made.open[:, column],
            "high": made.high[:, column],
            "low": made.low[:, column],
            "close": made.close[:, column],
            "volume": made.volume[:, column],
        }
        whole = pl.DataFrame({"symbol": [name] * len(ts), "ts": ts, **figures}).filter(
            pl.col("close").is_not_nan()
        )
        parts.append(whole)
    stamps = pl.from_epoch("ts", time_unit="ns").dt.replace_time_zone("UTC").dt.cast_time_unit("ms")
    pl.concat(parts).sort("ts").with_columns(ts=stamps).write_parquet(folder / "candles_15m.parquet")
    return f"recorded:{folder}"


@pytest.fixture(scope="module")
def home(made_home: Path, places: Path) -> Iterator[Home]:
    """A home whose database runs for as long as the module's tests."""
    place = places / "days"
    subprocess.run(["cp", "-a", str(made_home), str(place)], check=True)
    with EmbeddedPostgres(place):
        yield Home(place).make()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedRedis]:
    """A Redis of its own, that no session starts again."""
    with EmbeddedRedis(tmp_path / "store") as server:
        monkeypatch.setenv("REDIS_URL", server.url())
        yield server


def configured(name: str, **sections: Any) -> Configuration:
    """One short desk with all of 25,000."""
    own = settings(max_hold_bars=8, tail_bars=8).model_dump()
    desk = {"name": "made", "kind": "divergence", "timeframe": "15m", "instruments": NAMES, "settings": own}
    listed = [
        {"id": one.id, "venue": one.venue, "quote": "USDT", "tick": one.tick, "lot": one.lot}
        | {"taker_fee": one.taker_fee, "maker_fee": one.maker_fee}
        for one in instruments()
    ]
    whole = {
        "account": {"cash": "25000"},
        "venue": {"matcher": "bar", "fills": "maker_draw", "latency_ms": 0},
        "risk": {"leverage_max": "10", "position_max": "1", "venue_max": "1", "portfolio_max": "1"}
        | {"daily_loss_max": "1", "drawdown_max": "1", "orders_per_minute_max": 1000},
        "posture": {"own_rules": False},
    }
    return from_values({"name": name, "instruments": listed, "desks": [desk], **whole, **sections}, "test")


def kill(server: EmbeddedRedis) -> None:
    """SIGKILL, and nobody starts it again."""
    os.kill(int((server.folder / "pid").read_text()), signal.SIGKILL)


def day_plan(configuration: Configuration, feed: str, day: int, **more: Any) -> Plan:
    """The session of day `day`."""
    date = FIRST_DAY + timedelta(days=day)
    return Plan(configuration, Mode.PAPER, feed=feed, first_day=date, last_day=date, **more)


def state(server: EmbeddedRedis, key: str = "state") -> dict[str, Any]:
    """What the store says."""
    with redis.Redis.from_url(server.url()) as client:
        raw: Any = client.get(key)
    return json.loads(raw) if raw else {}


def opened_with(home: Home, ended: Ending) -> int | None:
    """The capital that the run's first inputs gave its desk; None if it is its share of the cash."""
    found = events_of(home.runs / ended.figures["run"], Opened)
    return found[0].capitals["made"] if found else None


def test_a_store_that_dies_on_day_five_costs_no_capital(
    home: Home, feed: str, store: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D11: preflight 4: day 6 resumes from the ledger, nothing counts twice, and the store follows when it is back."""
    configuration = configured("ten-days")
    (desk,) = kept_desks(configuration, home, "recorded")
    capital, pnls = 25_000 * CASH_UNIT, []
    for day in range(DAYS):
        looks = Onlooker(ROWS // 2, lambda: kill(store)) if day == 4 else Onlooker()
        with capture_logs() as log:
            ended = run_session(day_plan(configuration, feed, day), home, observers=[looks])
        said = [one["event"] for one in log if str(one["event"]).startswith("state_store_")]
        assert said == (["state_store_offline"] if day == 4 else [])
        resumed = [one["seq"] for one in log if one["event"] == "capital_resumed"]
        assert resumed == ([day] if day else [])
        last = read_ledger(desk.ledger)[-1]
        assert (last.seq, last.run) == (day + 1, ended.figures["run"])
        assert opened_with(home, ended) == (capital if day else None), "on record, for a replay"
        pnls.append(round(float(ended.overview["realised_pnl"]) * CASH_UNIT))
        capital += pnls[-1]
        assert last.capital == capital
        if day == 4:
            monkeypatch.setenv("REDIS_URL", store.url())  # it is started again, empty
            assert state(store) == {}
        elif day >= 5:
            assert state(store)["ledger"]["seq"] == day + 1
    assert all(pnls), "a day without a trade proves nothing"

    again = run_session(day_plan(configuration, feed, 6, seed=43), home)
    assert opened_with(home, again) == read_ledger(desk.ledger)[5].capital
    assert len(read_ledger(desk.ledger)) == DAYS, "a recorded date is not written again"


def ran(home: Home, plan: Plan) -> tuple[Ending, list[BarJudged]]:
    """A session, and its bar log."""
    looks = Onlooker()
    return run_session(plan, home, observers=[looks]), looks.bars


def test_a_listener_that_hears_nothing_changes_nothing(
    home: Home, feed: str, store: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D5, D6: with the store on, listening and written to, every packet is that of a session without it."""
    with redis.Redis.from_url(store.url()) as client:
        stale = {"seq": 1, "ts": "2025-01-01T00:00:00Z", "writer": "boosts", "boost": 2.0, "beta": 0.8}
        client.set("features:acb", json.dumps(stale))
    two_days = replace(
        day_plan(configured("inert"), feed, 0, fresh=True), last_day=FIRST_DAY + timedelta(days=1)
    )
    on, bars = ran(home, two_days)
    assert state(store)["run"] == on.figures["run"]
    assert state(store, "posture:current")["posture"] == "APEX"
    assert state(store, "features:scan")["desks"]["made"]["bar_idx"] == ROWS - 1
    monkeypatch.setattr(services, "_has_panel", lambda _: False)
    off, bars_off = ran(home, two_days)
    assert len(bars) == 2 * ROWS
    assert msgspec.msgpack.encode(bars) == msgspec.msgpack.encode(bars_off)
    compared = ("digest", "fingerprint", "packets")
    assert [on.figures[name] for name in compared] == [off.figures[name] for name in compared]
    tested = run_backtest(replace(two_days, mode=Mode.BACKTEST), home)
    assert tested.figures["fingerprint"] == on.figures["fingerprint"]


class Watchdog:
    """Another process's part: says APEX again and again, wherever the store is by now."""

    def __init__(self, home: Home) -> None:
        self._server = EmbeddedRedis(home.path)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.seq = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            url = self._server.running_url()
            self.seq += 1
            stamp = datetime.fromtimestamp(time.time(), UTC).isoformat()
            value = {"posture": "APEX", "Rm": 1.0, "seq": self.seq, "ts": stamp, "writer": "watchdog"}
            try:
                if url:
                    with redis.Redis.from_url(url) as client:
                        client.set("safety:latest", json.dumps(value))
            except redis.RedisError:
                continue


def test_a_store_that_is_killed_and_comes_back_in_mid_day(home: Home, feed: str) -> None:
    """D9: preflight 2: TURTLE while nobody is heard, APEX once the watchdog is heard again; the day ends in order."""
    configuration = configured(
        "killed", posture={"own_rules": False, "reports": "expected", "report_max_bars": 500}
    )
    with EmbeddedRedis(home.path) as server, Watchdog(home):
        looks = Onlooker(ROWS // 3, lambda: kill(server))
        plan = day_plan(configuration, feed, 0, speed=86_400 / 5.0)
        with capture_logs() as log:
            ended = run_session(plan, home, observers=[looks])
        said = [one["event"] for one in log if str(one["event"]).startswith("state_store_")]
        assert state(server)["run"] == ended.figures["run"]
    assert ended.finished
    assert (said[0], said[-1]) == ("state_store_offline", "state_store_online")
    postures = [bar.posture for bar in looks.bars]
    assert postures[ROWS // 4] == "APEX"
    assert "TURTLE" in postures[ROWS // 3 :]
    assert postures[-1] == "APEX"
    (desk,) = kept_desks(configuration, home, "recorded")
    (line,) = read_ledger(desk.ledger)
    assert line.run == ended.figures["run"]


def test_a_session_that_goes_on_brings_ledger_and_store_up_to_its_journal(
    home: Home, feed: str, store: EmbeddedRedis
) -> None:
    """D11, D9: the journal goes before ledger and store: lines that were lost with them are made again."""
    configuration = configured("goes-on")
    plan = replace(day_plan(configuration, feed, 0), last_day=FIRST_DAY + timedelta(days=1), speed=60_000.0)
    (desk,) = kept_desks(configuration, home, "recorded")
    stopper = threading.Thread(target=stop_after_a_day, args=(home,))
    stopper.start()
    first = run_session(plan, home)
    stopper.join()
    assert not first.finished
    (line,) = read_ledger(desk.ledger)
    desk.ledger.unlink()
    with redis.Redis.from_url(store.url()) as client:
        client.flushall()
    ended = run_session(replace(plan, speed=None), home)
    assert ended.figures["run"] == first.figures["run"]
    assert ended.finished
    lines = read_ledger(desk.ledger)
    assert lines[0] == line
    assert len(lines) == 2
    assert state(store)["ledger"]["sha"] == lines[1].sha
    assert state(store, f"pnl:{line.date}")["sha"] == line.sha


def stop_after_a_day(home: Home) -> None:
    """Stop the session in the middle of its second day."""

    def is_there() -> bool:
        try:
            return bool(ask(home.path, Status())["inputs"] > ROWS * len(NAMES) * 5 // 4)
        except TradeworthyError:
            return False

    assert eventually(is_there)
    ask(home.path, Stop())
