"""Inputs that enter, packets that travel, and their one binary form.

A record's body is `kind u8 | seq u64 | ts i64 | msgpack (trace, cause, agent, position, event)`, little
endian. The same bytes are journalled and digested, so they are made once.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any

import msgspec

from tradeworthy.core.errors import Bug
from tradeworthy.core.events import Event

HEAD = struct.Struct("<BQq")


class Kind(IntEnum):
    """What a record is."""

    INPUT = 1
    DECISION = 2
    INTERNAL = 3
    MARK = 4


class Input(msgspec.Struct, frozen=True, gc=False):
    """What entered: `position` is where `source` stood, growing; feeds resume there, a repeat is dropped.

    `ts` is session time, UTC ns. An answer to a command has its seq as `cause`, and its `trace` (0: none).
    """

    source: str
    position: int
    ts: int
    event: Event
    trace: int = 0
    cause: int = 0


class Packet(msgspec.Struct, frozen=True, gc=False):
    """An event on its way: `trace` is its root's seq, `cause` the seq that made it (0: it is an input)."""

    seq: int
    trace: int
    cause: int
    ts: int
    agent: str
    event: Event
    position: int = 0


class Codec:
    """Encodes packets and decodes record bodies, over the union of events that runtime makes."""

    def __init__(self, events: tuple[type[Event], ...]) -> None:
        names = [event.__name__ for event in events]
        if len(set(names)) != len(names):
            raise Bug(f"two events of one name in {sorted(names)}: rename one")
        self.events = {event.__name__: event for event in events}
        union: Any = events[0]
        for event in events[1:]:
            union = union | event
        self._decoder = msgspec.msgpack.Decoder(tuple[int, int, str, int, union])
        self.encode_payload = msgspec.msgpack.Encoder().encode

    def encode(self, kind: Kind, packet: Packet) -> bytes:
        """The record body of `packet`."""
        payload = self.encode_payload(
            (packet.trace, packet.cause, packet.agent, packet.position, packet.event)
        )
        return HEAD.pack(kind, packet.seq, packet.ts) + payload

    def decode(self, body: bytes) -> tuple[int, Packet]:
        """Kind and packet of a record body; msgspec.DecodeError if it is none."""
        if len(body) < HEAD.size:
            raise msgspec.DecodeError(f"a record body of {len(body)} bytes: its head alone has {HEAD.size}")
        kind, seq, ts = HEAD.unpack_from(body)
        trace, cause, agent, position, event = self._decoder.decode(memoryview(body)[HEAD.size :])
        return kind, Packet(seq, trace, cause, ts, agent, event, position)
