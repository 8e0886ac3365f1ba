"""The mirror on a real Redis: it shows what happens, hears commands, and holds nothing up."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import redis
from structlog.testing import capture_logs

from tests.gateways.redis_server import Listener, eventually
from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.core.packets import Packet
from tradeworthy.gateways.bus import Bus, connect
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.gateways.messages import SystemCommand
from tradeworthy.market.bars import BarClosed, PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import Instrument, InstrumentListed
from tradeworthy.risk.operators import HaltChanged

TS = 1_746_316_800_000_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """A real server."""
    with EmbeddedRedis(tmp_path_factory.mktemp("home")) as server:
        yield server


@contextmanager
def started(url: str, heard: list[SystemCommand] | None = None, queue_max: int = 10_000) -> Iterator[Bus]:
    """A bus at work."""
    commands = heard if heard is not None else []
    bus = Bus(url, str, commands.append, queue_max=queue_max)
    bus.start()
    try:
        yield bus
    finally:
        bus.close()


def dropping(bus: Bus) -> bool:
    """Whether the bus has met that Redis is gone: it is given something to send each time."""
    bus.offer(price(1))
    return bus.dropped > 0


def price(seq: int) -> Packet:
    """A packet that is mirrored."""
    return Packet(seq, seq, 0, TS, "feed", PriceObserved("BTC", float(seq), TS))


def test_packets_go_out_in_order_on_their_channels(server: EmbeddedRedis) -> None:
    """A subscriber sees the traffic (A4)."""
    listener = Listener(server.url(), "oracle.prices", "agent.updates")
    with started(server.url()) as bus:
        bus.offer(price(1))
        bus.offer(Packet(2, 2, 0, TS, "feed", BarClosed("BTC", "1m", TS, 1.0, 1.0, 1.0, 1.0, 1.0)))
        bus.offer(Packet(3, 3, 0, TS, "risk-guardian", HaltChanged("", True, "drawdown", "risk", "deep")))
        bus.announce("ledger", "started", TS)
        found = [listener.next() for _ in range(3)]
    assert [(topic, whole["src"]) for topic, whole in found] == [
        ("oracle.prices", "feed"),
        ("agent.updates", "risk-guardian"),
        ("agent.updates", "ledger"),
    ]
    assert found[2][1]["data"] == {"event": "AgentUpdate", "agent": "ledger", "state": "started"}
    assert (bus.published, bus.dropped) == (3, 0)
    listener.close()


def test_books_go_out_as_quotes_of_what_is_listed(server: EmbeddedRedis) -> None:
    """Prices by the instrument as it was listed on the way, or before; a book of nobody's is none (A4)."""
    listener = Listener(server.url(), "venue.markets")
    zero, cent = Decimal(0), Decimal("0.01")
    yes = Instrument("m:YES", "polymarket", "USDT", cent, cent, zero, zero, market="m", outcome="YES")
    known = {"m:NO": msgspec.structs.replace(yes, id="m:NO", outcome="NO")}
    bus = Bus(server.url(), str, lambda _: None, instrument_of=known.get)
    bus.start()
    bus.offer(Packet(1, 1, 0, TS, "feed", InstrumentListed(yes)))
    for seq, name in enumerate(("m:NO", "other", "m:YES"), 2):
        bus.offer(
            Packet(seq, seq, 0, TS, "feed", BookChanged(name, TS, (Level(83, 500),), (Level(85, 700),)))
        )
    bus.close()
    found = [listener.next()[1] for _ in range(2)]
    assert [(one["id"], one["data"]["outcome"], one["data"]["ask"]) for one in found] == [
        ("2", "NO", "0.85"),
        ("4", "YES", "0.85"),
    ]
    assert bus.published == 2
    listener.close()


def test_what_waits_is_sent_before_the_end(server: EmbeddedRedis) -> None:
    """Closing loses nothing while Redis is there."""
    listener = Listener(server.url(), "oracle.prices")
    with started(server.url()) as bus:
        for seq in range(2_000):
            bus.offer(price(seq))
    assert bus.published == 2_000
    assert [listener.next()[1]["id"] for _ in range(2_000)] == [str(seq) for seq in range(2_000)]
    listener.close()


def test_commands_come_in_from_now_on(server: EmbeddedRedis) -> None:
    """What was said before the start is not heard; what is no command is counted and passed over."""
    outside = redis.Redis.from_url(server.url())
    outside.publish("system.commands", '{"command":"HALT_ALL","by":"past","reason":"old"}')
    heard: list[SystemCommand] = []
    with started(server.url(), heard) as bus:
        outside.publish("system.commands", "nonsense")
        outside.publish("system.commands", '{"command":"HALT_ALL","by":"ann","reason":"now"}')
        assert eventually(lambda: len(heard) == 1)
        assert bus.refused == 1
    assert heard == [SystemCommand("HALT_ALL", "ann", "now")]
    outside.close()


def test_an_outage_drops_counts_and_ends(home: Path) -> None:
    """Nothing waits while Redis is away; both ways work again once it is back (A11)."""
    heard: list[SystemCommand] = []
    with EmbeddedRedis(home) as server, started(server.url(), heard) as bus:
        server.stop()
        for seq in range(10_000):
            bus.offer(price(seq))
        assert eventually(lambda: not bus.connected and bus.dropped + bus.published == 10_000)
        url = server.url()
        assert eventually(lambda: bus.connected)
        listener = Listener(url, "oracle.prices")
        bus.offer(price(77))
        assert listener.next()[1]["id"] == "77"
        listener.close()
        outside = redis.Redis.from_url(url)
        command = '{"command":"HALT_ALL","by":"ann","reason":"again"}'
        assert eventually(lambda: bool(outside.publish("system.commands", command)))
        assert eventually(lambda: heard == [SystemCommand("HALT_ALL", "ann", "again")])
        outside.close()


def test_a_server_that_was_killed_is_asked_for_again_wherever_it_is_then(home: Path) -> None:
    """Nobody else starts an embedded server again while a session runs (A10); what was lost is told."""
    with EmbeddedRedis(home) as server:
        bus = Bus(server.url(), str, lambda _: None, address=server.url)
        bus.start()
        os.kill(int((home / "redis" / "pid").read_text()), signal.SIGKILL)
        assert eventually(lambda: dropping(bus))
        assert eventually(lambda: bus.connected and server.running_url() == bus.url)
        listener = Listener(bus.url, "oracle.prices")
        bus.offer(price(88))
        assert listener.next()[1]["id"] == "88"
        listener.close()
        bus.close()


def test_an_end_without_redis_says_how_much_was_dropped(home: Path) -> None:
    """A11: one line."""
    with EmbeddedRedis(home) as server, capture_logs() as log:
        with started(server.url()) as bus:
            server.stop()
            assert eventually(lambda: dropping(bus))
        told = [entry["dropped"] for entry in log if entry["event"] == "bus_messages_dropped"]
        assert told == [bus.dropped]


def test_too_many_waiting_drop_the_oldest(server: EmbeddedRedis) -> None:
    """The queue is bounded."""
    bus = Bus(server.url(), str, lambda _: None, queue_max=10)
    for seq in range(25):
        bus.offer(price(seq))
    assert bus.dropped == 15
    listener = Listener(server.url(), "oracle.prices")
    bus.start()
    bus.close()
    assert [listener.next()[1]["id"] for _ in range(10)] == [str(seq) for seq in range(15, 25)]
    listener.close()


def test_books_give_way_to_what_is_rarer(server: EmbeddedRedis) -> None:
    """Half of the queue is closed to quotes: no trade is dropped for their sake (A4)."""
    zero, cent = Decimal(0), Decimal("0.01")
    token = Instrument("m:YES", "polymarket", "USDT", cent, cent, zero, zero, market="m", outcome="YES")
    bus = Bus(server.url(), str, lambda _: None, queue_max=10, instrument_of={"m:YES": token}.get)
    halt = HaltChanged("", True, "drawdown", "risk", "deep")
    bus.offer(Packet(1, 1, 0, TS, "risk-guardian", halt))
    for seq in range(2, 30):
        bus.offer(Packet(seq, seq, 0, TS, "feed", BookChanged("m:YES", TS, (Level(83, 500),), ())))
    assert bus.dropped == 24
    listener = Listener(server.url(), "agent.updates")
    bus.start()
    bus.close()
    assert listener.next()[1]["id"] == "1"
    assert bus.published == 5
    listener.close()


def test_a_refused_server_at_start_is_one_line() -> None:
    """Host and port are named, the password is not (A11)."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Retryable) as error:
        Bus(f"redis://:secret@127.0.0.1:{port}/0", str, lambda _: None).start()
    assert str(error.value).startswith(f"Cannot connect to Redis (127.0.0.1:{port}): ")
    assert error.value.exit_code == 3
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_an_address_that_is_none_or_a_wrong_password_is_one_line(server: EmbeddedRedis) -> None:
    """The user's own mistakes are told apart from an outage (A11)."""
    with pytest.raises(UsageError, match="REDIS_URL is no Redis address"):
        connect("http://127.0.0.1:6379")
    address = server.url().partition("@")[2]
    with pytest.raises(UsageError, match="refuses the password") as error:
        connect(f"redis://:secret@{address}")
    assert "secret" not in str(error.value)
