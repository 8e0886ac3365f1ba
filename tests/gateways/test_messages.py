"""Envelopes and commands on the bus."""

from typing import Any

import msgspec
import pytest

from tradeworthy.core.candidates import Decision, Outcome, Verdict
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.desks.arbitrage.events import (
    Allocation,
    AllocationsChanged,
    DataHeard,
    GapClosed,
    Method,
    OpportunityDetected,
    OpportunityLeg,
)
from tradeworthy.execution.accounting import SetsMerged, Settled
from tradeworthy.execution.intents import Intent, IntentProposed, Leg, TradeCandidate
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.gateways.messages import SystemCommand, message_of, parse_command
from tradeworthy.market.bars import BarClosed, PriceObserved
from tradeworthy.market.instruments import Side
from tradeworthy.market.predictions import (
    Market,
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
    MarketsFetched,
)
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
            "maker_chance": "0.0",
            "maker_only": False,
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


def test_a_prediction_market_s_events_have_their_channels() -> None:
    """Markets, opportunities, what strategies ask for, results and shares, each on its own (A4)."""
    market = Market(
        "polymarket:0xa", "polymarket", "0xa", "Up or Down?", "polymarket:0xa:YES", "polymarket:0xa:NO",
        end_ts=TS, strike=97_000.5,
    )  # fmt: skip
    topic, whole = sent(MarketOpened(market))
    shown = whole["data"]["market"]
    assert topic == "venue.markets"
    assert (shown["end_ts"], shown["start_ts"]) == ("2025-05-04T00:01:00.000000001Z", None)
    assert (shown["strike"], shown["neg_risk"], shown["labels"]) == ("97000.5", False, ["Yes", "No"])
    topic, whole = sent(MarketsFetched("polymarket", 200, TS))
    assert (topic, whole["data"]["count"]) == ("venue.markets", "200")
    intent = Intent((Leg("polymarket:0xa:YES", Side.BUY, 1_174, 85),), strategy="oracle-sniper")
    topic, whole = sent(IntentProposed(3, "arbitrage", "oracle_lag", "polymarket:0xa:YES", intent))
    assert (topic, whole["data"]["intent"]["strategy"]) == ("trade.requests", "oracle-sniper")
    shares = (Allocation("oracle-sniper", 0.5, 1.0, 0, 0, 0, 0),)
    topic, whole = sent(AllocationsChanged("arbitrage", shares, 50_000_000_000, "start"))
    assert (topic, whole["data"]["allocations"][0]["share"]) == ("allocations.update", "0.5")
    results: list[Event] = [
        Settled("polymarket:0xa:YES", 1_000_000, TS),
        SetsMerged("d", "m", "y", "n", 5, TS),
    ]
    assert {sent(event)[0] for event in results} == {"trade.results"}
    ends: list[Event] = [MarketClosed("m", TS), MarketDisputed("m", TS), MarketResolved("m", TS, 0)]
    assert {sent(event)[0] for event in ends} == {"venue.markets"}
    assert sent(DataHeard("price", "BTC", 1))[0] == "agent.updates"


def test_an_opportunity_goes_out_whatever_its_strategy_thinks_of_it() -> None:
    """With exact edges and legs; also one that is skipped. Its end tells with a real boolean (A4)."""
    leg = OpportunityLeg("polymarket:0xa", "polymarket:0xa:YES", "YES", Side.BUY, 1_174, 85, 0.85, 10_478_000)
    found = OpportunityDetected(
        kind="oracle_lag", instrument="polymarket:0xa:YES", figures={}, skip="strategy_off", strategy="oracle-sniper",
        method=Method.TERMINAL, markets=("polymarket:0xa",), legs=(leg,), gross_edge=0.122791, net_edge=0.113866,
        signal=1.0, oracle="BTC", oracle_value=97_500.0, oracle_ts=TS,
    )  # fmt: skip
    topic, whole = sent(found)
    data = whole["data"]
    assert (topic, data["method"], data["net_edge"]) == ("opportunity.detected", "O1", "0.113866")
    assert (data["legs"][0]["side"], data["legs"][0]["lots"]) == ("buy", "1174")
    assert (data["oracle_ts"], data["book_ts"], data["expires_at"]) == (
        "2025-05-04T00:01:00.000000001Z", None, None,
    )  # fmt: skip
    _, whole = sent(GapClosed("oracle_lag", Method.TERMINAL, ("m",), TS, TS, 0.1, False, "gone"))
    assert whole["data"]["survived"] is False


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
