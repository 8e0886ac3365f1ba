"""The sequencer under random agents: what must hold whatever they do, compared in recorded bytes."""

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.core.players import (
    TABLES,
    Close,
    Input,
    Open,
    Order,
    Say,
    Tables,
    Tell,
    Wake,
    inputs,
    played,
    players_of,
    world_of,
)
from tests.core.world import SECOND, Tick
from tradeworthy.core.candidates import Candidate, Outcome, Verdict
from tradeworthy.core.events import CountersClosed, Resumed, SessionEnded, TimeAdvanced, WokeUp
from tradeworthy.core.packets import Kind

# What must hold


@given(TABLES, inputs())
def test_order_time_and_causes_hold(tables: Tables, rows: list[Input]) -> None:
    """Seqs have no gaps, time never falls, and each packet comes after its cause, in its trace."""
    packets = played(tables, rows).tape.packets
    by_seq = {packet.seq: packet for packet in packets}
    assert [packet.seq for packet in packets] == [*range(1, len(packets) + 1)]
    for before, after in pairwise(packets):
        assert before.ts <= after.ts
    for packet in packets:
        if packet.cause:
            assert packet.cause < packet.seq
            assert packet.trace == by_seq[packet.cause].trace
        else:
            assert packet.trace == packet.seq


@given(TABLES, inputs())
def test_every_agent_hears_packets_in_seq_order(tables: Tables, rows: list[Input]) -> None:
    """First in, first out is seq order: so nobody hears an effect before its cause; nobody misses any."""
    world = played(tables, rows)
    packets = world.tape.packets
    for player in players_of(world):
        mine = [
            (packet.seq, packet.event)
            for packet in packets
            if not isinstance(packet.event, WokeUp) or packet.event.agent == player.name
        ]
        assert player.heard == mine


@given(TABLES, inputs())
def test_timers_fire_in_time(tables: Tables, rows: list[Input]) -> None:
    """No input is handled while a timer due by its time is waiting, but for Resumed, which comes first."""
    world = world_of(tables)
    for row in rows:
        due, seq = world.sequencer.timers.due, world.sequencer.seq
        world.sequencer.admit(*row)
        first = world.tape.packets[seq]
        if due <= first.ts and not isinstance(row[3], Resumed):
            assert isinstance(first.event, TimeAdvanced)
        if isinstance(first.event, TimeAdvanced):
            assert first.ts == max(due, world.tape.packets[seq - 1].ts)
        assert world.sequencer.timers.due > world.sequencer.now or isinstance(row[3], Resumed)


@given(TABLES, inputs())
def test_each_candidate_has_at_most_one_verdict_and_is_open_without(
    tables: Tables, rows: list[Input]
) -> None:
    """P2: verdicts are of candidates that came before them, one each; the open ones are the rest."""
    world = played(tables, rows)
    opened = {packet.seq: packet for packet in world.tape.packets if isinstance(packet.event, Candidate)}
    verdicts = [packet for packet in world.tape.packets if isinstance(packet.event, Verdict)]
    closed = [packet.event.candidate for packet in verdicts if isinstance(packet.event, Verdict)]
    assert len(closed) == len(set(closed))
    assert set(closed) <= set(opened)
    assert set(world.sequencer.candidates.open) == set(opened) - set(closed)
    for seq, packet in opened.items():
        assert isinstance(packet.event, Candidate)
        if packet.event.skip:
            verdict = next(one for one in verdicts if one.cause == seq and one.seq == seq + 1)
            assert isinstance(verdict.event, Verdict)
            assert verdict.event.outcome is Outcome.SKIPPED


@given(TABLES, inputs())
def test_each_turn_of_a_desk_is_a_candidate_or_counted(tables: Tables, rows: list[Input]) -> None:
    """P2: for each desk, turns in which it was told something are turns with a candidate plus counts."""
    world = played(tables, rows)
    roots = [packet.seq for kind, packet in world.tape.records if kind == Kind.INPUT]
    turn_of = {packet.seq: max(r for r in roots if r <= packet.seq) for packet in world.tape.packets}
    counted: Counter[str] = Counter()
    for row in world.tape.of(CountersClosed):
        counted[row.desk] += sum(row.counts.values())
    for desk, counts in world.sequencer.agents["counters"].state.counts.items():
        counted[desk] += sum(counts.values())
    for player in players_of(world):
        told = {turn_of[seq] for seq, _ in player.heard}
        opened = {
            turn_of[packet.seq]
            for packet in world.tape.packets
            if isinstance(packet.event, Candidate) and packet.agent == player.name
        }
        assert counted[player.desk] == (len(told - opened) if player.desk else 0)


@given(TABLES, inputs(), st.data())
def test_a_run_goes_on_from_any_turn_boundary(tables: Tables, rows: list[Input], data: st.DataObject) -> None:
    """P1: dumped after any input and loaded elsewhere, it makes the same bytes and ends in the same state."""
    whole = played(tables, rows)
    stop = data.draw(st.integers(0, len(rows)))
    first = played(tables, rows[:stop])
    second = world_of(tables)
    second.load(first.dump())
    assert second.dump() == first.dump()
    for row in rows:
        # All of them: what the first life had already is dropped as a repeat.
        second.sequencer.admit(*row)
    assert first.tape.bodies + second.tape.bodies == whole.tape.bodies
    assert first.tape.urgent + second.tape.urgent == whole.tape.urgent
    assert second.dump() == whole.dump()


@given(TABLES, inputs(), st.data())
def test_a_raise_is_forgotten_by_a_load(tables: Tables, rows: list[Input], data: st.DataObject) -> None:
    """A handler that raises in the middle of a turn leaves no trace in what is made after the load."""
    whole = played(tables, rows)
    stop = data.draw(st.integers(0, len(rows) - 1))
    world = played(tables, rows[:stop])
    before, made = world.dump(), len(world.tape.bodies)
    player = data.draw(st.sampled_from(players_of(world)))
    player.broken = True
    try:
        world.sequencer.admit(*rows[stop])
    except ZeroDivisionError:
        assert world.sequencer.route is not None
        assert world.sequencer.route.agent is player
    player.broken = False
    del world.tape.bodies[made:]
    world.load(before)
    for row in rows[stop:]:
        world.sequencer.admit(*row)
    assert world.tape.bodies == whole.tape.bodies
    assert world.dump() == whole.dump()


@given(TABLES, inputs())
def test_the_recorded_inputs_make_the_same_packets(tables: Tables, rows: list[Input]) -> None:
    """P1: inputs as they come off the disk, those of the clock included, replay to the last byte."""
    world, again = played(tables, rows), world_of(tables)
    for body, (kind, packet) in zip(world.tape.bodies, world.tape.records, strict=True):
        if kind == Kind.INPUT:
            assert again.sequencer.admit(
                packet.agent,
                packet.position,
                packet.ts,
                packet.event,
                trace=packet.trace,
                cause=packet.cause,
                body=body,
            )
    assert again.tape.bodies == world.tape.bodies
    assert again.dump() == world.dump()


@given(TABLES, inputs())
def test_leaving_inputs_off_the_record_changes_nothing_else(tables: Tables, rows: list[Input]) -> None:
    """A backtest decides what a paper session decides."""
    world, backtest = played(tables, rows), world_of(tables, record_inputs=False)
    for row in rows:
        backtest.sequencer.admit(*row)
    made = zip(world.tape.bodies, world.tape.records, strict=True)
    assert backtest.tape.bodies == [body for body, (kind, _) in made if kind != Kind.INPUT]
    assert backtest.dump() == world.dump()


@given(TABLES, inputs(), st.data())
def test_repeats_change_nothing(tables: Tables, rows: list[Input], data: st.DataObject) -> None:
    """A source that starts over anywhere before where it stood is heard from there on only."""
    world = world_of(tables)
    for number, row in enumerate(rows):
        world.sequencer.admit(*row)
        if data.draw(st.booleans()):
            again = rows[data.draw(st.integers(0, number))]
            assert not world.sequencer.admit(*again)
    assert world.tape.bodies == played(tables, rows).tape.bodies


@given(TABLES, inputs(seconds_max=100), st.data())
def test_a_withheld_packet_is_one_that_the_desk_never_got(
    tables: Tables, rows: list[Input], data: st.DataObject
) -> None:
    """Bit for bit; all of it lies within one hour, so that the count of the turn is not written yet."""
    rows = [row for row in rows if not isinstance(row[3], SessionEnded)]
    kept, deaf = world_of(tables), world_of(tables)
    seq = data.draw(st.integers(1, max(1, played(tables, rows).sequencer.seq)))
    kept.sequencer.withheld = {seq: frozenset(["alpha"])}
    players_of(deaf)[1].deaf_to = seq
    for row in rows:
        kept.sequencer.admit(*row)
        deaf.sequencer.admit(*row)
    assert kept.tape.bodies == deaf.tape.bodies
    for player, twin in zip(players_of(kept), players_of(deaf), strict=True):
        assert player.heard == twin.heard
        assert player.state == twin.state


@given(TABLES, inputs(), st.integers(0, 5))
def test_draws_do_not_depend_on_history(tables: Tables, rows: list[Input], key: int) -> None:
    """Whatever was drawn before, by whomever: (seed, agent, stream, key) says it all."""
    fresh, used = world_of(tables), played(tables, rows)
    drawn = [
        world.sequencer.agents["a"].context(world.sequencer).draw("latency", key) for world in (fresh, used)
    ]
    assert drawn[0] == drawn[1]


# Another process

TABLES_PINNED: Tables = (
    ((Tell(2), Order()), (Wake(30, "x", late_ok=True),)),
    ((Open(""), Tell(1)), (Close(Outcome.FILLED), Wake(4_000, "y", late_ok=False)), (Say("quiet"),)),
    ((Open("late"), Say("busy")), (Tell(2), Wake(-1, "x", late_ok=True))),
)


def print_tape() -> None:
    """Print the tape of a fixed program, for another process to compare."""
    rows: list[Input] = [("feed", n, n * 700 * SECOND, Tick(n)) for n in range(12)]
    world = played(TABLES_PINNED, rows)
    sys.stdout.write(msgspec.json.encode([world.tape.bodies, *world.dump()]).decode())


def test_the_hash_seed_of_the_process_does_not_matter() -> None:
    """P1: two processes with different PYTHONHASHSEED record the same bytes."""
    tapes = [
        subprocess.run(
            [sys.executable, "-c", "from tests.core.test_sequencer_programs import print_tape; print_tape()"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    ]
    assert len(tapes[0]) > 5_000
    assert tapes[0] == tapes[1]
