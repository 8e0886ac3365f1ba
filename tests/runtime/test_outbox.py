"""The outbox: nothing leaves before it is durable, nothing while it is shut, nothing after the disk failed."""

from pathlib import Path

import pytest

from tests.journal.journals import HEADER
from tradeworthy.core.errors import AllHalted
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.execution.intents import TimeInForce
from tradeworthy.execution.orders import CancelOrder, PlaceOrder
from tradeworthy.journal.reader import verify
from tradeworthy.journal.writer import JournalWriter
from tradeworthy.market.instruments import Side
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.outbox import DurableOutbox


def place_order(seq: int) -> Packet:
    """A command."""
    order = PlaceOrder(
        f"{seq}.0",
        seq,
        "told",
        "BTC",
        "BTC",
        Side.BUY,
        1,
        None,
        TimeInForce.FAK,
        0,
        False,
        "signal",
    )
    return Packet(seq, seq, 0, 1, "orders", order)


def cancel(seq: int) -> Packet:
    """Another command."""
    return Packet(seq, seq, 0, 1, "orders", CancelOrder(f"{seq}.0", "halted"))


class Broker:
    """What was sent, and what was durable by then."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int]] = []
        self.durable = 0

    def wait_durable(self, seq: int) -> None:
        """The disk takes all up to `seq`."""
        self.durable = max(self.durable, seq)

    def send(self, packet: Packet) -> None:
        """Take a command."""
        self.sent.append((packet.seq, self.durable))


@pytest.fixture
def broker() -> Broker:
    """A gateway that remembers."""
    return Broker()


@pytest.fixture
def outbox(broker: Broker) -> DurableOutbox:
    """An open outbox with a gateway for PlaceOrder alone."""
    outbox = DurableOutbox(broker.wait_durable)
    outbox.connect(PlaceOrder, broker.send)
    outbox.shut = False
    return outbox


def test_nothing_leaves_before_the_whole_turn_is_durable(broker: Broker, outbox: DurableOutbox) -> None:
    """All commands of a turn wait for the last one's record, and leave in order."""
    outbox.dispatch([place_order(3), place_order(4)])
    assert broker.sent == [(3, 4), (4, 4)]


def test_nothing_leaves_while_it_is_shut(broker: Broker, outbox: DurableOutbox) -> None:
    """As it is from the start, and during each replay."""
    assert DurableOutbox(broker.wait_durable).shut
    outbox.shut = True
    outbox.dispatch([place_order(3)])
    assert (broker.sent, broker.durable) == ([], 0)


def test_what_the_core_answers_itself_waits_for_no_disk(broker: Broker, outbox: DurableOutbox) -> None:
    """A command without a gateway stays inside: the paper venue has it already."""
    outbox.dispatch([cancel(3)])
    assert (broker.sent, broker.durable) == ([], 0)
    outbox.dispatch([cancel(4), place_order(5), cancel(6)])
    assert broker.sent == [(5, 5)]


def test_after_an_fsync_error_nothing_is_sent_ever_after(
    tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fails under a command: AllHalted instead of an order, then and at each later try."""
    writer = JournalWriter(verify(tmp_path / "run"), HEADER)
    outbox = DurableOutbox(writer.wait_durable)
    outbox.connect(PlaceOrder, broker.send)
    outbox.shut = False
    first = place_order(1)
    writer.end_turn(codec().encode(Kind.DECISION, first), urgent=True)
    outbox.dispatch([first])
    assert [seq for seq, _ in broker.sent] == [1]

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("tradeworthy.journal.writer.os.fdatasync", fail)
    second = place_order(2)
    writer.end_turn(codec().encode(Kind.DECISION, second), urgent=True)
    for _ in range(2):
        with pytest.raises(
            AllHalted, match=r"Input/output error; seq 1 is the last on disk, and nothing more"
        ):
            outbox.dispatch([second])
    monkeypatch.undo()
    with pytest.raises(AllHalted):
        outbox.dispatch([place_order(3)])
    assert [seq for seq, _ in broker.sent] == [1]
    with pytest.raises(AllHalted):
        writer.close()
