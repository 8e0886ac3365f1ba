"""Envelopes and commands on the bus."""

from typing import Any

import msgspec
import pytest

from tradeworthy.core.candidates import Decision, Outcome, Verdict
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.execution.intents import Intent, Leg, TradeCandidate
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.gateways.messages import SystemCommand, message_of, parse_command
from tradeworthy.market.bars import BarClosed, PriceObserved
from tradeworthy.market.instruments import Side
from tradeworthy.risk.operators import HaltChanged

TS = 1_746_316_860_000_000_001


def sent(event: Event) -> tuple[str, dict[str, Any]]:
    """Channel and envelope of `event` in packet 7."""
    found = message_of(Packet(7, 5, 6, TS, "part", event), lambda seq: f"id-{seq}")
    assert found is not None
    return found[0], msgspec.json.decode(found[1])


def test_an_envelope_has_its_six_fields() -> None:
    """{v, id, topic, ts, src, data} with times in ISO-8601 UTC and exact numbers as text (A4)."""
    price = 0.1 + 0.2
    topic, whole = sent(PriceObserved("BTC", price, TS))
    assert topic == "oracle.prices"
    assert whole == {
        "v": 1,
        "id": "id-7",
        "topic": "oracle.prices",
        "ts": "2025-05-04T00:01:00.000000001Z",
        "src": "part",
        "data": {
            "event": "PriceObserved",
            "instrument": "BTC",
            "price": "0.30000000000000004",
            "ts_event": "2025-05-04T00:01:00.000000001Z",
            "quantity": "0.0",
        },
    }


def test_booleans_are_booleans() -> None:
    """A text "False" is true to most readers: rejected trades were executed that way once (A4)."""
    topic, whole = sent(
        Decision("risk-guardian", 3, "desk", False, "cash", {"ok": False, "n": 2}, {"x": None})
    )
    assert topic == "trade.decisions"
    assert whole["data"]["approved"] is False
    assert whole["data"]["figures"] == {"ok": False, "n": "2"}
    assert whole["data"]["limits"] == {"x": None}


def test_each_event_has_its_channel() -> None:
    """Requests, results and updates go where the brief says; market data and skipped candidates nowhere (A4)."""
    intent = Intent((Leg("BTC", Side.BUY, 3, 1_000),), expires_at=0)
    request = TradeCandidate(kind="signal", instrument="BTC", figures={}, intent=intent)
    topic, whole = sent(request)
    assert topic == "trade.requests"
    assert whole["data"]["intent"]["legs"] == [
        {
            "instrument": "BTC",
            "side": "buy",
            "lots": "3",
            "limit_ticks": "1000",
            "position": "",
            "time_in_force": "fak",
        }
    ]
    assert whole["data"]["intent"]["expires_at"] is None
    fill = FillObserved("paper", "f", "3.0", "d", "BTC", "BTC", Side.SELL, 5, 1 << 62, -1, True, TS)
    topic, whole = sent(fill)
    assert (topic, whole["data"]["lots"], whole["data"]["fee"]) == ("trade.results", str(1 << 62), "-1")
    assert whole["data"]["status"] == FillStatus.MATCHED
    assert sent(Verdict(3, "d", Outcome.FILLED, "filled", 1.0))[0] == "trade.results"
    assert sent(HaltChanged("", True, "drawdown", "risk", "too deep"))[0] == "agent.updates"
    skipped = msgspec.structs.replace(request, skip="too_small")
    for quiet in (skipped, BarClosed("BTC", "1m", TS, 1.0, 1.0, 1.0, 1.0, 1.0)):
        assert message_of(Packet(7, 5, 6, TS, "part", quiet), str) is None


def test_commands_are_taken_as_they_should_be() -> None:
    """Anyone may halt; resuming and flattening need a name and a reason."""
    assert parse_command(b'{"command":"HALT_ALL"}') == SystemCommand("HALT_ALL")
    resume = b'{"command":"RESUME","by":"ann","reason":"checked"}'
    assert parse_command(resume) == SystemCommand("RESUME", "ann", "checked")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"command":"RESUME","by":"ann"}', "RESUME without a name or a reason"),
        (b'{"command":"FLATTEN","by":" ","reason":"x"}', "FLATTEN without a name or a reason"),
        (b'{"command":"EXPLODE"}', "EXPLODE"),
        (b'{"command":"RESUME","by":"ann","reason":"x","desk":"a"}', "unknown field `desk`"),
        (b"{'command'}", "no command"),
        (b"\xff\xfe", "no command"),
        (b"[" * 5000, "no command"),
        (b'{"command":"HALT_ALL","by":"' + b"x" * 9000 + b'"}', "at most 8192"),
        (b'{"command":"HALT_ALL","by":1}', "str"),
    ],
)
def test_a_wrong_command_is_refused_in_one_line(data: bytes, said: str) -> None:
    """Nothing is guessed: an extra field could have meant less than all."""
    with pytest.raises(UsageError) as error:
        parse_command(data)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
