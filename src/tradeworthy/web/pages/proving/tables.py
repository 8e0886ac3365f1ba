"""What the page Proving says in words, tables and a chart, made from proofs and a run's identity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tradeworthy.proving.evidence_log import Proof
from tradeworthy.proving.run_on_disk import RunOnDisk
from tradeworthy.web.dashboard.charts import Options
from tradeworthy.web.dashboard.markup import (
    MINUS,
    Html,
    code,
    count,
    day_clock,
    facts,
    gain,
    html,
    joined,
    pill,
    tag,
)
from tradeworthy.web.dashboard.theme import Palette, named
from tradeworthy.web.pages.proving.figures import amount_of, figures
from tradeworthy.web.pages.proving.groups import (
    Question,
    Standing,
    State,
    Subject,
    Verb,
    concerns,
    question_state,
)

KINDS: Final = {
    State.FAILED: "bad",
    State.STALE: "warn",
    State.OPEN: "warn",
    State.NOT_PROVEN: "",
    State.MEASURED: "",
    State.PROVEN: "ok",
    State.NOT_APPLICABLE: "",
}
SIGNS: Final = {
    State.FAILED: "\N{HEAVY BALLOT X}",
    State.STALE: "\N{CLOCKWISE OPEN CIRCLE ARROW}",
    State.OPEN: "\N{CIRCLE WITH LEFT HALF BLACK}",
    State.NOT_PROVEN: "\N{WHITE CIRCLE}",
    State.MEASURED: "\N{IDENTICAL TO}",
    State.PROVEN: "\N{HEAVY CHECK MARK}",
    State.NOT_APPLICABLE: "\N{EN DASH}",
}
PROOFS_SHOWN = 4
NO_CERTIFICATE: Final = (
    "Real money is not available. Live trading needs a promotion certificate over these proofs, and this version makes"
    " none: it trades on paper and in backtests alone, and no order of it can reach a venue."
)


def ladder(found: Sequence[tuple[Question, list[Standing]]]) -> Html:
    """Each question as a step, with how it stands."""
    steps = []
    for question, standings in found:
        state = question_state(standings)
        parts = [
            tag("span", SIGNS[state], class_="sign", aria_hidden="true"),
            tag("b", question.short),
            tag("span", state.value),
        ]
        steps.append(
            tag(
                "li",
                joined(parts),
                class_=f"step {KINDS[state]}".rstrip(),
                title=question.name,
                data_state=state.value,
            )
        )
    return tag("ol", joined(steps), class_="ladder", aria_label="Questions before real money")


def question(standings: Sequence[Standing], subject: Subject) -> Html:
    """The proofs of one question; those that there can't be of the run's desks in one line."""
    silent = [one for one in standings if one.state is State.NOT_APPLICABLE and not one.proofs]
    told = [_standing(one, subject) for one in standings if one not in silent]
    if silent:
        names = joined((tag("b", one.verb.name) for one in silent), ", ")
        said = joined(
            [
                pill(f"{SIGNS[State.NOT_APPLICABLE]} does not apply"),
                " ",
                names,
                ": not of this run's kind of desk.",
            ]
        )
        told.append(tag("p", said, class_="note"))
    return joined(told)


def _standing(one: Standing, subject: Subject) -> Html:
    verb, state = one.verb, one.state
    heading = joined(
        [
            pill(joined([SIGNS[state], " ", state.value]), KINDS[state]),
            tag("b", verb.name),
            tag("span", verb.shows, class_="note"),
        ]
    )
    proofs = joined(_proof(proof, verb, subject) for proof in one.proofs[:PROOFS_SHOWN])
    left = len(one.proofs) - PROOFS_SHOWN
    more = tag("p", f"and {left} more of other subjects", class_="note") if left > 0 else html("")
    parts = [tag("div", heading, class_="head"), _next(verb, state, subject), proofs, more]
    return tag("div", joined(parts), class_="proof", data_verb=verb.name, data_state=state.value)


def _next(verb: Verb, state: State, subject: Subject) -> Html:
    """What to do about a proof that is lacking."""
    said = {
        State.NOT_PROVEN: "Not proven yet: run ",
        State.STALE: "Proven of other code than this run's: run it again, ",
        State.OPEN: "Not all of it was proven: ",
    }
    if state is State.NOT_APPLICABLE:
        return tag("p", "Not of this run's kind of desk.", class_="note")
    if state not in said:
        return html("")
    command = code(verb.command.format(run=subject.run or "RUN"))
    return tag("p", joined([said[state], command]), class_="note")


def _proof(proof: Proof, verb: Verb, subject: Subject) -> Html:
    verdict = {True: pill("passed", "ok"), False: pill("failed", "bad"), None: pill("no verdict")}[
        proof.passed
    ]
    if proof.decision_hash != subject.decision_hash:
        about = pill(f"other code {proof.decision_hash[:8]}", "warn")
    elif concerns(proof, verb, subject):
        about = pill("this run's code")
    else:
        about = pill("not this run's")
    made = tag("span", day_clock(proof.at), class_="note")
    heading = joined([verdict, tag("span", proof.subject, class_="what"), about, made])
    inner = [figures(proof)]
    if proof.evidence:
        inner.append(tag("p", joined(["Evidence in ", tag("code", proof.evidence)]), class_="note"))
    return tag("details", joined([tag("summary", heading), *inner]), class_="refusal")


def gap_options(base: Options, proof: Proof, colours: Palette) -> Options | None:
    """A comparison's gap as steps from the backtest's result to the run's; None without a part that is not zero."""
    parts = [(str(name), amount_of(value)) for name, value in proof.figures.get("parts", ())]
    start, end = (amount_of(proof.figures.get(name)) for name in ("backtest_pnl", "run_pnl"))
    if start is None or end is None or not any(value for _, value in parts):
        return None
    names, boxes, at = ["backtest"], [_box(0.0, float(start), colours.soft)], float(start)
    for name, value in parts:
        after = at + float(value or 0)
        names.append(name)
        boxes.append(_box(at, after, colours.up if after >= at else colours.down, float(value or 0)))
        at = after
    names.append("run")
    boxes.append(_box(0.0, float(end), colours.accent))
    bars = {"type": "candlestick", "name": "gap", "data": boxes, "barMaxWidth": 54}
    return {
        **base,
        "grid": {**base["grid"], "top": 34},
        "tooltip": {**base["tooltip"], "trigger": "item", "formatter": "{b}"},
        "xAxis": named(base, names),
        "yAxis": {**base["yAxis"], "name": str(proof.figures.get("currency", "")), "scale": True},
        "series": [bars, _labels(names, boxes, colours)],
    }


def _labels(names: Sequence[str], boxes: Sequence[dict[str, Any]], colours: Palette) -> dict[str, Any]:
    """The figure of each step, above it."""
    label = {"show": True, "position": "top", "color": colours.ink, "formatter": "{b}", "fontSize": 11}
    spots = [
        {"name": box["name"], "value": [name, box["value"][3]]}
        for name, box in zip(names, boxes, strict=True)
    ]
    return {
        "type": "scatter",
        "symbolSize": 0.1,
        "silent": True,
        "label": label,
        "data": spots,
        "labelLayout": {"hideOverlap": True},
        "name": "figure",
    }


def _box(start: float, end: float, colour: str, amount: float | None = None) -> dict[str, Any]:
    figure = end if amount is None else amount
    said = f"{figure:+,.2f}".replace("-", MINUS) if figure else "0"
    low, high = sorted((start, end))
    style = {"color": colour, "color0": colour, "borderColor": colour, "borderColor0": colour}
    return {"name": said, "value": [round(one, 8) for one in (start, end, low, high)], "itemStyle": style}


def gap_words(proof: Proof | None, run: str) -> Html:
    """What the newest comparison found, in a sentence."""
    if proof is None:
        command = code(f"tradeworthy prove compare {run or 'RUN'}")
        return tag("p", joined(["No comparison of this run yet: run ", command]), class_="empty")
    told = proof.figures
    gap = amount_of(told.get("gap"))
    counts = [
        told.get(f"trades_{name}", 0) for name in ("matched", "only_in_the_run", "only_in_the_backtest")
    ]
    parts = [
        "The run made ",
        gain(told.get("run_pnl")),
        ", the backtest ",
        gain(told.get("backtest_pnl")),
        f" {told.get('currency', '')}: ",
        joined(["a gap of ", gain(gap)]) if gap else "no gap",
        "; {} trades matched, {} only in the run, {} only in the backtest.".format(*counts),
    ]
    moved = [(name, amount_of(value)) for name, value in told.get("parts", ())]
    by_part = [
        joined([tag("span", f"{name} ", class_="soft"), gain(value)]) for name, value in moved if value
    ]
    if by_part:
        parts += [" By part: ", joined(by_part, ", "), "."]
    return tag("p", joined(parts))


def identity(found: RunOnDisk | None, row: dict[str, Any], parents: Sequence[str]) -> Html:
    """What makes the shown run that run."""
    mono = {"class_": "mono"}
    told: list[tuple[str, Any]] = [
        ("Run", tag("span", row["run"], **mono)),
        ("Seed", str(row["seed"])),
        ("Configuration", f"{row['configuration'] or '-'}, {row['mode']}"),
        (
            "Parents",
            joined((tag("span", one, **mono) for one in parents), ", ")
            if parents
            else "none: it began empty",
        ),
        ("Decision hash", tag("span", row["decision_hash"], **mono, data_decision_hash=row["decision_hash"])),
        ("Feed", _feed(found.header.feed if found else None)),
    ]
    if found is not None:
        told.append(("This code", _code(found, row["decision_hash"])))
        several = "s" if found.segments > 1 else ""
        lives = f"{found.segments} segment{several}: one begins with each process, and where one is full"
        died = f"; {found.deaths} died in a turn" if found.deaths else ""
        told.append(("Journal", lives + died))
        told.append(
            (
                "Made on",
                ", ".join(f"{name} {version}" for name, version in found.header.versions.items()) or "-",
            )
        )
    return facts(told)


def _code(found: RunOnDisk, decision_hash: str) -> Html:
    if found.code == decision_hash and not found.differing:
        return joined([pill("the same", "ok"), " what decides here is what decided in the run"])
    said = "; ".join(found.differing) or "another decision hash"
    return joined([pill("differs", "warn"), f" {said}"])


def _feed(feed: dict[str, Any] | None) -> Html:
    if feed is None:
        return html(None)
    short = {
        name: value
        for name, value in feed.items()
        if not isinstance(value, dict | list) and value is not None
    }
    return html(", ".join(f"{name} {value}" for name, value in short.items()) or "-")


def ending(found: RunOnDisk | None, row: dict[str, Any]) -> Html:
    """How the run ended, and what must equal what."""
    if found is None:
        return tag(
            "p",
            "Its journal is no longer on disk: only its rows are kept, and it can't be replayed.",
            class_="empty",
        )
    mono = {"class_": "mono"}
    if found.end is None:
        at = found.snapshot
        said = "It has not ended: digest and fingerprint of the whole are known when it has."
        more = (
            facts(
                [
                    (
                        "Digest so far",
                        joined([tag("span", at["digest"], **mono), f" at packet {at['packets']:,}"]),
                    )
                ]
            )
            if at
            else html("")
        )
        return joined([tag("p", said), more, _equals(row["run"], ended=False)])
    told = [
        ("Packets", count(found.end["packets"])),
        ("Digest", tag("span", found.end["digest"], **mono, data_digest=found.end["digest"])),
        (
            "Fingerprint",
            tag("span", found.end["fingerprint"], **mono, data_fingerprint=found.end["fingerprint"]),
        ),
    ]
    return joined([facts(told), _equals(row["run"], ended=True)])


def _equals(run: str, *, ended: bool) -> Html:
    command = code(f"tradeworthy replay {run}")
    said = [
        command,
        " must give this digest and this fingerprint: the digest is over every record, the fingerprint over",
        " orders, fills and closes. A session of the same decision hash, configuration, feed and seed must give",
        " this fingerprint, too.",
    ]
    if not ended:
        said = [
            "What is on record must already replay: ",
            command,
            " holds every decision against it.",
        ]
    return tag("p", joined(said), class_="note")
