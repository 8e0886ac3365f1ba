"""What must be equal: two runs of one seed, and a session and a backtest of the same feed."""

import math
from collections.abc import Callable
from pathlib import Path

from tests.flows.conftest import Calm, Environment
from tests.flows.plans import write_plan
from tests.flows.sessions import Ran, Session
from tests.gateways.recordings import Line, write
from tradeworthy.runtime.replay import replay

MINUTES = 900


def both(
    commands: list[tuple[str, ...]], places: Path, name: str, give: Callable[[], Environment]
) -> list[Ran]:
    """Each command in a process of its own with a hash seed of its own, all at the same time."""
    sessions = [
        Session(
            places / f"{name}-{number}",
            *command,
            environment={**give(), "PYTHONHASHSEED": str(number)},
            real=True,
        )
        for number, command in enumerate(commands, start=1)
    ]
    return [session.end() for session in sessions]


def waves() -> list[Line]:
    """Bars of two symbols that go up and down, with a hole and a bar that is none."""
    lines = []
    for minute in range(MINUTES):
        for place, symbol in enumerate(("BTC", "ETH")):
            price = 100 + 10 * math.sin(minute / 30 + place) + math.cos(minute * 7.0)
            if minute != 400 + place:
                low = price + 5 if minute == 500 else price - 1
                lines.append((symbol, minute, price, price + 1, low, price + 0.5, 1000.0))
    return lines


def test_one_seed_gives_one_digest_in_every_process(
    calm: Calm, places: Path, new_environment: Callable[[], Environment]
) -> None:
    """P1: on the simulator, whatever the order of sets and of hashes is."""
    first, second = both([calm.words, calm.words], places, "seed", new_environment)
    assert first.closing == second.closing == calm.ran.closing


def test_recorded_bars_give_one_digest_and_a_backtest_the_same_fingerprint(
    places: Path, new_environment: Callable[[], Environment]
) -> None:
    """P1, P6: with store and bus or without; and the journal alone gives it again."""
    folder = write(places / "recorded", waves())
    plan = str(write_plan(places / "recorded-plan"))
    feed = ("--feed", f"recorded:{folder}")
    session = ("run", plan, *feed, "--speed", "1000000000")
    backtest = ("backtest", plan, *feed, "--out", str(places / "recorded-out"))
    first, second, tested = both([session, session, backtest], places, "recorded", new_environment)
    assert [first.code, second.code, tested.code] == [0, 0, 0], first.text + tested.text
    assert first.closing == second.closing
    assert first.closing["fingerprint"] == tested.closing["fingerprint"]
    assert "fills: 0" not in first.text
    (run,) = (places / "recorded-1" / "runs").iterdir()
    assert replay(run).digest == first.digest
