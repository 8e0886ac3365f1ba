"""One run's journal into its tables: exactly once, in whole turns.

A turn's rows and the place in the journal up to which they reach are one transaction, so whoever comes next, after a
kill or an outage, goes on from that place. The journal is the truth; the tables can always be made again from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog

from tradeworthy.core.errors import AllHalted, Bug
from tradeworthy.core.packets import Codec, Kind
from tradeworthy.journal.reader import Record, read
from tradeworthy.journal.segments import START, Header, Place
from tradeworthy.store.addresses import connect
from tradeworthy.store.rows import Known, Rows
from tradeworthy.store.tables import Behind, RunTables

RECORDS_MAX = 5_000
"""Records of one transaction, but for the last turn in it, which is always whole."""


class Projection:
    """The run in `folder`, whose header is `header`.

    `place`, `seq` and `ts` say how far its tables are; `held_back` that the last `advance` left a turn for the next.

    Closed bars are projected if the configuration says `store.bars = true`.
    """

    def __init__(self, folder: Path, header: Header, codec: Codec) -> None:
        self.place, self.seq, self.ts = START, 0, 0
        self.held_back = False
        self._folder, self._header, self._codec = folder, header, codec
        self._bars = bool(header.configuration.get("store", {}).get("bars", False))
        self._rows = Rows(header.run, Known())
        self._tables: RunTables | None = None

    def attach(self, url: str) -> None:
        """Connect to the database at `url`, and stand where the tables do. Retryable if there is no connection."""
        self.detach()
        connection = connect(url, autocommit=True)
        # What a crash of the server takes away is read from the journal again; `flush` ends the doubt.
        connection.execute("SET synchronous_commit = off")
        self._tables = RunTables(connection, self._header)
        self._begin(self._tables)

    def detach(self) -> None:
        """Close the connection, if there is one."""
        if self._tables is not None:
            self._tables.close()
            self._tables = None

    @property
    def attached(self) -> bool:
        """Whether there is a connection, as far as we know."""
        return self._tables is not None

    def advance(self, until: Place | None, *, final: bool) -> int:
        """Project up to `until` (what is durable; None: all there is); how many records that were.

        The last turn is held back while its decisions may be missing, unless `final`. If the tables are ahead of the
        journal, because that was replaced or lost its end, the run is projected anew.
        """
        tables = self._tables
        if tables is None:
            raise Bug(f"run {self._header.run} is projected before its projection was attached")
        if until is not None and self.place[:2] > until[:2]:
            structlog.get_logger().warning("rows_rebuilt", run=self._header.run, reason="journal is shorter")
            tables.clear()
            self._begin(tables)
        done = 0
        while True:
            whole = Turns(read(self._folder, self.place, until), final=final)
            try:
                for batch in batches(whole):
                    self._write(tables, batch)
                    done += len(batch)
            except Behind:
                self._begin(tables)
            else:
                self.held_back = whole.held_back
                return done

    def flush(self) -> None:
        """Make the rows survive a crash of the server, too; until then it may forget the last of them."""
        if self._tables is not None:
            self._tables.flush()

    def _begin(self, tables: RunTables) -> None:
        self.place, known = tables.begin()
        self._rows = Rows(self._header.run, known, bars=self._bars)

    def _write(self, tables: RunTables, batch: list[Record]) -> None:
        add, decode = self._rows.add, self._codec.decode
        for record in batch:
            if record.kind != Kind.MARK:
                add(*decode(record.body))
        last = batch[-1]
        tables.write(self._rows.take(), batch[0], last)
        self.place, self.seq, self.ts = last.place, last.seq, last.ts


class Turns:
    """Iterates over records in whole turns: an input and its decisions, or a mark.

    The journal writes the decisions of a turn together, but maybe after its input: an input that ends the records
    alone is `held_back`, unless they are `final`.
    """

    def __init__(self, records: Iterable[Record], *, final: bool) -> None:
        self._records, self._final = records, final
        self.held_back = False

    def __iter__(self) -> Iterator[list[Record]]:
        turn: list[Record] = []
        for record in self._records:
            if record.kind != Kind.DECISION and turn:
                yield turn
                turn = []
            turn.append(record)
        self.held_back = bool(turn) and not self._final and turn[-1].kind == Kind.INPUT
        if turn and not self.held_back:
            yield turn


def batches(whole: Iterable[list[Record]]) -> Iterator[list[Record]]:
    """Turns put together, up to RECORDS_MAX records where one turn has no more. What is before damage comes first."""
    batch: list[Record] = []
    damage: AllHalted | None = None
    try:
        for turn in whole:
            if batch and len(batch) + len(turn) > RECORDS_MAX:
                yield batch
                batch = []
            batch += turn
    except AllHalted as error:
        damage = error
    if batch:
        yield batch
    if damage is not None:
        raise damage
