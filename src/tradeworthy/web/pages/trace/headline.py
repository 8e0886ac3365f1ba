"""What became of a path: the tiles above its picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from tradeworthy.market.money import decimal_of
from tradeworthy.web.dashboard.figure_words import method_words
from tradeworthy.web.dashboard.frame import tile
from tradeworthy.web.dashboard.markup import (
    Html,
    gain,
    html,
    joined,
    link,
    moment,
    number_of,
    pill,
    quantity,
    tag,
)
from tradeworthy.web.dashboard.markup import price as price_of
from tradeworthy.web.dashboard.reason_words import reason_words, spoken, verdict
from tradeworthy.web.pages.trace.picture import BAD, offset_text
from tradeworthy.web.pages.trace.reading import Path
from tradeworthy.web.pages.trace.steps import Step
from tradeworthy.web.pages.trace.words import label_of, name_of, note_of, state_of

TRADES_TOLD: Final = 3
"""Of so many trades the tile says how each began and ended; of a set's further legs it is the same."""

Row = dict[str, Any]


def is_open(path: Path) -> bool:
    """Whether its candidate has no verdict yet."""
    return path.candidate is not None and not path.candidate["verdict"]


def died_at(path: Path) -> Step | None:
    """The first step that stopped it; None if nothing did, or if it is a row's life, which goes on."""
    if path.is_life:
        return None
    return next((step for step in path.steps if state_in(path, step) == BAD), None)


def state_in(path: Path, step: Step) -> str:
    """What the step says of this path: where some was filled, an order's rest that was not is no end of it."""
    is_rest = step.type == "OrderObserved" and verdict_of(path) == "FILLED"
    return "" if is_rest else state_of(step)


def verdict_of(path: Path) -> str:
    """How its one candidate ended, OPEN if it has not; "" if there is none, or several without a row to choose by."""
    if path.candidate is not None:
        return path.candidate["verdict"] or "OPEN"
    found = [step.event["outcome"] for step in path.steps if step.type == "Verdict"]
    return str(found[0]) if len(found) == 1 else ""


def headline(path: Path) -> Html:
    """What became of it, in five tiles."""
    if path.is_life:
        return _life_headline(path)
    end, first, last = died_at(path), path.steps[0], path.steps[-1]
    code = (path.candidate or {}).get("reason")
    if end is not None:
        code = end.event.get("skip") or end.event.get("reason") or end.event.get("blocked")
    outcome = verdict_of(path)
    where = "nothing so far" if is_open(path) else "nothing stopped it"
    if end is not None:
        where = ", ".join(filter(None, (name_of(end.type), spoken(code) if code else "")))
    tiles = [
        tile("What", *about(path)),
        tile("Ended", verdict(outcome) if outcome else pill("no candidate"), _ending(path, code)),
        tile("Died", end.lane.value if end else "-", where),
        tile(
            "From first to last",
            offset_text(last.at_us - first.at_us)[1:],
            joined([number_of(len(path.steps), "step"), " from ", moment(first.at)]),
        ),
        _trades_tile(path),
    ]
    return joined(tiles)


def _ending(path: Path, code: Any) -> str:
    share = (path.candidate or {}).get("share") or 0.0
    if verdict_of(path) == "FILLED" and 0.0 < share < 1.0:
        return f"{share:.0%} of what was asked was filled."
    return reason_words(str(code)) if code else ""


def about(path: Path) -> tuple[Any, Any]:
    """What it is about to a trader, and beneath it of which market and found by whom; without a candidate its input."""
    found = path.candidate
    if found is None:
        first = path.steps[0]
        return label_of(first), path.title or note_of(first, path.units)
    lines = [path.title] if path.title else []
    words = [found.get("desk"), found.get("strategy"), spoken(found.get("kind")), method_words(_method(path))]
    lines.append(" \N{MIDDLE DOT} ".join(filter(None, words)))
    return _asked(found), joined(tag("div", line) for line in lines)


def _asked(found: Row) -> Html:
    """Side, quantity, what of, and limit, as far as it was asked for."""
    legs = found.get("legs") or ()
    side = str(found.get("side") or "").capitalize()
    if len(legs) > 1:
        return html(f"{side} {len(legs)} legs".strip())
    leg: Row = legs[0] if legs else {}
    # A market's instruments end in their outcome, a token's name is itself.
    what = leg.get("outcome") or str(found.get("instrument") or "").rpartition(":")[2]
    amount = leg.get("quantity") or found.get("quantity")
    limit = leg.get("price") or found.get("price")
    parts: list[Any] = [side, quantity(amount) if amount else "", what]
    parts += ["at", price_of(limit)] if limit and amount else []
    return joined(filter(None, parts), " ")


def _method(path: Path) -> str:
    return str(next((step.event["method"] for step in path.steps if step.event.get("method")), ""))


def _trades_tile(path: Path) -> Html:
    """What its trades brought in the end, on whatever path that was."""
    trades = path.trades
    name = "P&L of its trade" + ("s" if len(trades) > 1 else "")
    closed = [row for row in trades if row["status"] == "closed"]
    if trades:
        pending = "open" if any(row["status"] == "open" for row in trades) else "-"
        value = gain(sum((row["pnl"] or Decimal(0) for row in closed), Decimal(0))) if closed else pending
        return tile(name, value, joined(tag("div", line) for line in _trade_lines(path, len(closed))))
    ended = [step for step in path.steps if step.type in {"TradeClosed", "PositionClosed"}]
    if ended:
        return tile(name, gain(decimal_of(sum(step.event.get("pnl", 0) for step in ended))), "after fees")
    return tile(name, "-", "no trade came of it" if path.candidate else "no trade closed on this path")


def _trade_lines(path: Path, closed: int) -> Iterator[Html]:
    """How the first trades went, how many more there are, and how many have brought nothing yet."""
    trades = path.trades
    yield from (_told(row, path) for row in trades[:TRADES_TOLD])
    if (more := len(trades) - TRADES_TOLD) > 0:
        yield html(f"and {more} more")
    if 0 < closed < len(trades):
        yield html(f"{closed} of {len(trades)} are closed, and summed here")


def _told(row: Row, path: Path) -> Html:
    """How a trade began and how it ended, each with a link if that was on another path."""
    own = (path.candidate or {}).get("seq")
    begun: Any = "opened here"
    if row["entry_candidate"] is None:
        begun = "opened before this run"
    elif row["entry_candidate"] != own:
        when = joined(["opened ", moment(row["opened_at"])])
        begun = link("/trace", when, packet=row["entry_candidate"], run=path.run)
    if row["status"] == "open":
        return joined([begun, ", not closed yet"])
    if row["status"] == "reversed":
        return joined([begun, ", taken back: a fill of it failed"])
    why = spoken(row["reason"])
    if row["closed_seq"] in {step.seq for step in path.steps}:
        return joined([begun, f", closed here: {why}"])
    when = joined([f"{why} ", moment(row["closed_at"])])
    return joined(
        [begun, ", ", link("/trace", when, packet=row["candidate"] or row["closed_seq"], run=path.run)]
    )


def _life_headline(path: Path) -> Html:
    """A row's life in five tiles."""
    numbers = Counter(step.type for step in path.steps)
    ended = [step for step in path.steps if step.type == "PositionClosed"]
    won = sum(step.event["pnl"] > 0 for step in ended)
    missed = sum(
        step.event["decision_taken"] == "skipped" and step.event["outcome"] == "success"
        for step in path.steps
        if step.type == "WindowResolved"
    )
    first, last = path.steps[0], path.steps[-1]
    return joined(
        [
            tile(
                "Row", path.title, f"{len(path.steps)} steps in {offset_text(last.at_us - first.at_us)[1:]}"
            ),
            tile("Trades closed", len(ended), f"{won} won"),
            tile(
                "P&L of its trades", gain(decimal_of(sum(step.event["pnl"] for step in ended))), "after fees"
            ),
            tile("Actions", numbers["ActionTaken"], f"{numbers['StageChanged']} changes of stage"),
            tile("Windows skipped", numbers["Candidate"], f"{missed} turned out missed"),
        ]
    )


def description(path: Path) -> str:
    """The picture in a sentence, for those who do not see it."""
    outcome = verdict_of(path)
    ends = "It is open." if is_open(path) else f"It ended {outcome}." if outcome else ""
    if path.is_life and path.ended:
        ends = f"In all: {path.ended}."
    lanes = ", ".join(dict.fromkeys(step.lane.value.lower() for step in path.steps))
    return f"{len(path.steps)} steps through {lanes}, from top to bottom in session time. {ends}".strip()
