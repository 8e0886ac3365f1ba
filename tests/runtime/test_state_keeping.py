"""What the state store is told of a session, packet by packet, and what it is not."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.runtime.test_opening_capital import BEGIN, DAY, two_desks
from tradeworthy.core.events import Event, TimeAdvanced
from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import CashMoved, PositionChanged, TradeClosed
from tradeworthy.gateways.capital_ledger import read_ledger
from tradeworthy.journal.segments import Header
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.factors import FactorsObserved
from tradeworthy.market.instruments import CASH_UNIT, Instrument, Side
from tradeworthy.risk.stance import (
    BoostChanged,
    ForewarnerReported,
    McStatus,
    Posture,
    PostureChanged,
)
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.state_keeping import StateKeeping, kept_desks

BTC = Instrument("BTC", "test", "USDT", Decimal("0.1"), Decimal("0.001"), Decimal(0), Decimal(0))
SHORT = "divergence:short:state"


class Told:
    """A keeping of two desks, and the last value of each key."""

    def __init__(self, folder: Path) -> None:
        configuration, home = two_desks(), Home(folder / "home").make()
        self.values: dict[str, dict[str, Any]] = {}
        self.once: list[str] = []
        self.seq = 0
        self.desks = kept_desks(configuration, home, "recorded")
        header = Header("test-1", configuration.resolved(), "code", 1)
        self.keeping = StateKeeping(
            configuration, self.desks, "recorded", header, {"BTC": BTC}.get, self._put
        )
        self.say(CashMoved(10_000 * CASH_UNIT, "initial"))

    def _put(self, key: str, ts: int, fields: Mapping[str, Any], *, once: bool = False) -> None:
        assert ts >= BEGIN
        self.values[key] = dict(fields)
        if once:
            self.once.append(key)

    def say(self, event: Event, after: int = 0, by: str = "x") -> None:
        """One packet, `after` ns from the beginning."""
        self.seq += 1
        self.keeping.take(Packet(self.seq, self.seq, 0, BEGIN + after, by, event))


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A session that has its cash."""
    return Told(tmp_path)


def test_a_desk_is_told_with_capital_position_and_last_trade(told: Told) -> None:
    """D6: each by its own key, its own money."""
    told.say(PositionChanged("short", "p", "BTC", -3, -5_000, 0, 0, BEGIN))
    assert told.values[SHORT]["position"]["lots"] == -3
    told.say(PositionChanged("short", "p", "BTC", 0, 0, 0, 0, BEGIN))
    money = (CASH_UNIT, CASH_UNIT, 0, 2 * CASH_UNIT)
    told.say(TradeClosed("short", "p", "BTC", Side.SELL, 3, *money, BEGIN, BEGIN, "MAX_HOLD", 1))
    value = told.values[SHORT]
    assert (value["capital"], value["position"], value["ledger"]) == (Decimal("5002.00"), None, None)
    assert len(value["trade"]) == 36
    assert [value[name] for name in ("configuration", "feed", "strategy", "run")] == [
        *("test", "recorded", "short", "test-1")
    ]
    assert told.values["divergence:long:state"]["capital"] == Decimal("5000.00")


def test_a_day_is_told_once_it_is_in_the_ledger(told: Told) -> None:
    """D11: every desk's, with the line's own figures."""
    told.say(TimeAdvanced(), DAY + DAY // 2)
    key = "divergence:short:pnl:2024-10-04"
    assert told.once == [key, key.replace("short", "long")]
    (line,) = read_ledger(told.desks[0].ledger)
    assert told.values[key]["sha"] == line.sha
    assert (told.values[key]["ledger_seq"], told.values[key]["date"]) == (1, "2024-10-04")
    assert told.values[SHORT]["ledger"] == {
        "seq": 1,
        "date": "2024-10-04",
        "capital_close": Decimal("5000.00"),
        "sha": line.sha,
    }


def test_a_day_that_the_disk_refuses_is_not_told(told: Told) -> None:
    """D11: durable first."""
    folder = told.desks[0].ledger.parent
    folder.parent.mkdir(parents=True)
    folder.touch()
    told.say(TimeAdvanced(), DAY + DAY // 2)
    assert told.once == ["divergence:long:pnl:2024-10-04"]
    assert told.values[SHORT]["ledger"] is None
    folder.unlink()
    told.keeping.close()
    assert told.once[1:] == ["divergence:short:pnl:2024-10-04"]
    assert told.values[SHORT]["ledger"]["seq"] == 1


def test_posture_forewarner_and_calendar_are_told(told: Told) -> None:
    """D12: our own posture, which is APEX until it changes."""
    assert told.values["posture:current"]["posture"] == "APEX"
    told.say(PostureChanged(Posture.TURTLE, Posture.APEX, 0.5, (0.0, 0.0, 1.0, 0.0, 0.0), "scan 1"), 7)
    said = told.values["posture:current"]
    assert (said["posture"], said["Rm"], said["prev"], said["reasons"]) == ("TURTLE", 0.5, "APEX", ["scan 1"])
    assert said["cats"] == {"c1": 0.0, "c2": 0.0, "c3": 1.0, "c4": 0.0, "c5": 0.0}
    told.say(ForewarnerReported(McStatus.ORANGE, 0.5, BEGIN, 0.04, -0.02, 0.0, 300))
    assert told.values["features:mc"]["status"] is McStatus.ORANGE
    assert told.values["features:mc"]["asof"] == "2024-10-04T00:00:00Z"
    assert told.values["features:esof"]["weekday"] == "friday"


def test_what_came_from_the_store_does_not_go_back(told: Told) -> None:
    """It would take the place of its writer's own value."""
    told.say(BoostChanged(1.5, 0.8, BEGIN), by="features:acb/boosts")
    told.say(FactorsObserved(BEGIN, dvol_btc=50.0), by="features:exf/fetcher")
    assert not {"features:acb", "features:exf"} & set(told.values)
    told.say(BoostChanged(1.35, 0.2, BEGIN, "short", "stress 1"), by="short-boosts")
    told.say(BoostChanged(0.85, 0.2, BEGIN, "long", "stress 1"), by="long-boosts")
    told.say(FactorsObserved(BEGIN, dvol_btc=50.0, stale=("fng",)), by="feed")
    acb, exf = told.values["features:acb"], told.values["features:exf"]
    assert (acb["boost"], acb["desk"], sorted(acb["desks"])) == (0.85, "long", ["long", "short"])
    assert (exf["dvol_btc"], exf["fng"], exf["stale"]) == (50.0, None, ["fng"])


def test_books_of_what_is_traded_are_told(told: Told) -> None:
    """Five levels a side, as money and as quantity; other books are nobody's."""
    levels = tuple(Level(1_000 - step, 2_000) for step in range(7))
    told.say(BookChanged("BTC", BEGIN, levels, (Level(1_001, 500),)))
    told.say(BookChanged("XYZ", BEGIN, levels, ()))
    found = told.values["features:ob:BTC"]
    assert found["bid_notional"][:2] == [200.0, 199.8]
    assert (found["ask_depth"], len(found["bid_depth"])) == ([0.5], 5)
    assert "features:ob:XYZ" not in told.values


def test_every_value_is_json(told: Told) -> None:
    """Amounts are numbers."""
    told.say(TimeAdvanced(), DAY + DAY // 2)
    encode = msgspec.json.Encoder(decimal_format="number").encode
    assert b'"capital":5000.00' in encode(told.values[SHORT])
    assert all(encode(value) for value in told.values.values())
