"""learn show, facts, mine, tune, judge, rollback, curators, threshold; trial is in learn_trial."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradeworthy.cli.console import print_json
from tradeworthy.cli.control import user_name
from tradeworthy.cli.learn_trial import trial
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.rehearsal_lines import named, rehearsal_lines
from tradeworthy.cli.report import RunName

if TYPE_CHECKING:
    from tradeworthy.learning.events import Override
    from tradeworthy.reporting.lessons_text import Inspected

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Only show what it would write, from a run's stored rows; no session needed."
    ),
]
ByName = Annotated[str, typer.Option("--by", help="Who (default: your user name).", metavar="NAME")]

CURATOR = '{"id": "anna", "final_weight": 0.8}'
NONE = "none"

learn = typer.Typer(
    no_args_is_help=True,
    help="What a desk has learned from its own trades, what that changes, and how to take it back.",
)
learn.command("trial")(trial)


@learn.command("show")
def show(
    run: RunName = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            help="Explain the multipliers of this scope: DIMENSION=VALUE; may be repeated.",
            metavar="K=V",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also draw the multipliers to this SVG file.", metavar="FILE")
    ] = None,
    json: AsJson = False,
) -> None:
    """Say what was learned, from how many trades, how sure that is, and what it changes.

    With --scope it shows the arithmetic: each override that matches, its weight, and what they blend to.

    Example: tradeworthy learn show --scope chain=solana --scope timeframe=1h
    """
    wanted = _scope(scope or [])
    with progressing("bringing the tables up to the journals"):
        from tradeworthy.reporting.lessons_text import inspect, inspection_lines, learned_lines
        from tradeworthy.runtime.home import home
        from tradeworthy.runtime.records import opened_records

        with opened_records(home(), run) as queries:
            records = queries.learning()
            lessons, overrides = records.lessons(), records.overrides()
            rolled_back, thresholds = records.rolled_back(), records.thresholds()
            facts, windows = len(records.facts()), len(records.episodes())
            notes = _notes(records.about())
            inspected = inspect(overrides, wanted, records.settings()) if wanted else []
    if out:
        _draw(out, overrides, f"multipliers of run {records.runs[0]}")
    if json:
        document = {
            "run": records.runs[0],
            "facts": facts,
            "windows": windows,
            "lessons": [named(one) for one in lessons],
            "overrides": [named(one) for one in overrides],
            "rolled_back": rolled_back,
            "thresholds": [{**named(one.entry), "source": one.source, "by": one.by} for one in thresholds],
            "notes": notes,
        }
        print_json(document | ({"inspection": _inspection(inspected)} if wanted else {}))
        return
    typer.echo(f"run {records.runs[0]}")
    if wanted:
        for line in inspection_lines(inspected, wanted):
            typer.echo(line)
        return
    for line in learned_lines(lessons, overrides, facts=facts, windows=windows, notes=notes):
        typer.echo(line)
    for name, reason in rolled_back.items():
        typer.echo(f"taken back: {name} ({reason})")
    for one in thresholds:
        typer.echo(f"threshold {_threshold_text(one.entry)} by {one.source}{f', {one.by}' if one.by else ''}")


@learn.command("facts")
def facts(dry_run: DryRun = False, run: RunName = "", json: AsJson = False) -> None:
    """Turn closed trades into facts now: one for each action, with the whole trade's result.

    Example: tradeworthy learn facts --dry-run
    """
    _job("facts", run, dry_run=dry_run, json=json)


@learn.command("mine")
def mine(dry_run: DryRun = False, run: RunName = "", json: AsJson = False) -> None:
    """Mine lessons of strength from the facts now.

    Example: tradeworthy learn mine --dry-run --run uptrend-3f9a1c2e-1
    """
    _job("lessons", run, dry_run=dry_run, json=json)


@learn.command("tune")
def tune(dry_run: DryRun = False, run: RunName = "", json: AsJson = False) -> None:
    """Mine lessons of tuning now: what the windows say that were acted on or skipped.

    Example: tradeworthy learn tune --dry-run
    """
    _job("tuning", run, dry_run=dry_run, json=json)


@learn.command("judge")
def judge(dry_run: DryRun = False, run: RunName = "", json: AsJson = False) -> None:
    """Turn lessons into overrides now. With --dry-run: how they would differ from those in force.

    Example: tradeworthy learn judge --dry-run
    """
    _job("overrides", run, dry_run=dry_run, json=json)


@learn.command("rollback")
def rollback(
    override: Annotated[str, typer.Argument(help="Its id, as `learn show` gives it.", metavar="ID")],
    reason: Annotated[str, typer.Option(help="Why; it goes on record.", metavar="TEXT")],
    by: ByName = "",
    undo: Annotated[bool, typer.Option("--undo", help="Let learning make it again.")] = False,
) -> None:
    """Take an override back: it acts no more, and learning does not make it again until --undo.

    Example: tradeworthy learn rollback ID --reason "the token was delisted"
    """
    given = {"override": override, "by": by or user_name(), "reason": reason, "undo": undo}
    _ask("rollback", given)
    typer.echo(f"{override} may be learned again" if undo else f"{override} is taken back")


@learn.command("curators")
def curators(
    file: Annotated[Path, typer.Argument(help="JSON lines, one curator each.", metavar="FILE")],
    by: ByName = "",
) -> None:
    """Replace the list of curators: whose word is heard, and how much it counts, 0 to 1.

    A line is {"id": "anna", "final_weight": 0.8}. Who is not in FILE counts as unknown from now on.

    Example: tradeworthy learn curators curators.jsonl
    """
    from tradeworthy.gateways.json_lines import read_objects

    listed = read_objects(file, _check_curator, noun="curators", example=CURATOR)
    _check_once([one["id"] for one in listed], file)
    _ask("curators", {"curators": listed, "by": by or user_name()})
    typer.echo(f"{len(listed)} curators listed")


@learn.command("threshold")
def threshold(
    key: Annotated[str, typer.Argument(help="Which one: ts_threshold, cooldown_bars ...", metavar="KEY")],
    value: Annotated[
        str, typer.Argument(help="A number, or `none` to take the entry away.", metavar="VALUE")
    ],
    timeframe: Annotated[str, typer.Option(help="Only on this (default: any).", metavar="T")] = "",
    phase: Annotated[str, typer.Option(help="Only in this phase (default: any).", metavar="P")] = "",
    level: Annotated[
        str, typer.Option(help="Only at this level of aggressiveness (default: any).", metavar="L")
    ] = "",
    by: ByName = "",
) -> None:
    """Set one threshold of the running session's desks; they read it again within five minutes of session time.

    A lower threshold trades more, and can lose more. One that the environment sets can't be changed here.

    Example: tradeworthy learn threshold ts_threshold 0.62 --timeframe 1h
    """
    given = {
        "key": key,
        "value": _number(value),
        "timeframe": timeframe,
        "phase": phase,
        "a_level": level,
        "by": by or user_name(),
    }
    _ask("threshold", given)
    typer.echo(f"{key} is {value} from its next reading on")


def _job(job: str, run: str, *, dry_run: bool, json: bool) -> None:
    """Have the running session do a job, or rehearse it on stored rows."""
    from tradeworthy.core.errors import NotAvailable, UsageError

    if not dry_run:
        if run:
            raise UsageError(
                f"--run {run} goes with --dry-run: a job is done by the running session, for its run"
            )
        try:
            _ask("job", {"job": job, "by": user_name()})
        except NotAvailable as error:
            raise NotAvailable(
                f"{error}; --dry-run shows what stored rows would give, without a session"
            ) from error
        if json:
            print_json({"job": job, "asked": True})
        else:
            typer.echo(f"{job} asked for; `learn show` tells what it found")
        return
    with progressing("replaying the stored rows"):
        from tradeworthy.learning.events import Job
        from tradeworthy.runtime.home import home
        from tradeworthy.runtime.records import opened_records
        from tradeworthy.runtime.rehearsal import rehearse

        with opened_records(home(), run) as queries:
            name, done = queries.run, rehearse(queries.learning(), Job(job))
    if json:
        differences = [one._asdict() for one in done.differences]
        found = [named(one) for one in done.found]
        print_json({"run": name, "job": job, "table": done.table, "rows": done.rows_read, "differences": differences,
                    "found": found})  # fmt: skip
        return
    for line in rehearsal_lines(name, done):
        typer.echo(line)


def _ask(kind: str, given: dict[str, Any]) -> None:
    from tradeworthy.gateways.control import Inject, ask
    from tradeworthy.runtime.home import home

    ask(home().path, Inject(kind, [given]))


def _scope(pairs: list[str]) -> dict[str, str]:
    """The dimensions that --scope names; UsageError for one that is none."""
    from tradeworthy.core.errors import UsageError
    from tradeworthy.gateways.json_lines import known_name
    from tradeworthy.learning.scopes import DIMENSIONS

    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (equals and value):
            raise UsageError(f"--scope {pair!r} is no pair; write it like chain=solana")
        known_name(name, DIMENSIONS, "dimension", "--scope")
        found[name] = value
    return found


def _number(value: str) -> float | None:
    from tradeworthy.core.errors import UsageError

    if value == NONE:
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    # JSON has no infinity: it would go out as null, and take the entry away.
    if not math.isfinite(number):
        raise UsageError(f"threshold value {value!r} is no number; write one, or `none` to take it away")
    return number


def _check_curator(found: dict[str, Any], where: str) -> None:
    from tradeworthy.core.errors import UsageError
    from tradeworthy.desks.uptrend.events import Curator
    from tradeworthy.gateways.json_lines import check_value

    if unknown := [key for key in found if key not in Curator.__struct_fields__]:
        raise UsageError(f"{where}: unknown field {unknown[0]!r}; write it like {CURATOR}")
    name, weight = found.get("id"), found.get("final_weight", 0.5)
    if not isinstance(name, str) or not name:
        raise UsageError(f"{where}: a curator needs an id; write it like {CURATOR}")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
        raise UsageError(f"{where}: final_weight of {name} is {weight!r}; give a number from 0 to 1")
    for key, value in found.items():
        check_value(value, key, where)


def _check_once(names: list[str], file: Path) -> None:
    from tradeworthy.core.errors import UsageError

    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"{file}: curator {twice[0]} stands twice; leave one out")


def _notes(about: dict[str, Any]) -> list[str]:
    """What the lessons of such a run can't mean."""
    notes = []
    if (about["configuration"].get("signals") or {}).get("source") == "seeded":
        notes.append(
            "signals were drawn from a seed: what a curator or an intent seems to be worth in this run is chance"
        )
    if (about["feed"] or {}).get("feed") == "simulator":
        notes.append("prices were simulated: nothing here says how a real market behaves")
    return notes


def _inspection(found: list[Inspected]) -> list[dict[str, Any]]:
    return [
        {
            "pattern_key": one.pattern,
            "action_category": one.category,
            "multiplier": one.blend.multiplier,
            "matches": [{**named(match.override), "weight": match.weight} for match in one.blend.matches],
        }
        for one in found
    ]


def _draw(file: Path, overrides: list[Override], title: str) -> None:
    from tradeworthy.core.errors import UsageError
    from tradeworthy.reporting.multiplier_picture import multiplier_picture

    try:
        file.write_text(multiplier_picture(overrides, title), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"can't write {file}: {error.strerror}; name a file in a folder that is there"
        ) from error
    typer.echo(f"drawn to {file}", err=True)


def _threshold_text(entry: Any) -> str:
    places = (("timeframe", entry.timeframe), ("phase", entry.phase), ("level", entry.a_level))
    where = ", ".join(f"{word} {name}" for word, name in places if name)
    return f"{entry.key} = {entry.value:g}{f' ({where})' if where else ''}"
