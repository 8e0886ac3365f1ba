"""prove audit, prove parity and prove reference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import PROBLEM, print_json, table_lines
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.proof_notes import note_audit, note_parity, note_reference
from tradeworthy.cli.prove_sign_off import command_of
from tradeworthy.cli.run import ConfigPath, Duration, FirstDay, LastDay, Seed, make_plan

Feed = Annotated[str, typer.Option(help="simulator, recorded, recorded:DIR or catalog.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
VALUE_MAX = 48
"""So much of a differing value is shown in a table; all of it is in the JSON."""


def register(prove: typer.Typer) -> None:
    """Give the group its verbs."""
    prove.command("audit")(audit)
    prove.command("parity")(parity)
    prove.command("reference")(reference)


def audit(
    a: Annotated[Path, typer.Argument(help="A configuration.", metavar="A")],
    b: Annotated[Path, typer.Argument(help="The one to hold against it.", metavar="B")],
    allow: Annotated[
        list[str] | None, typer.Option(help="A key that may differ, too; may be given again.", metavar="KEY")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of a sign-off list to add this to.")] = None,
    json: AsJson = False,
) -> None:
    """List every key in which two configurations differ, and fail on one that may not.

    A desk's strategy_name, direction, state_key, pnl_key and log_dir may differ. The champion's parameters must be
    the same in both, the two sides must be opposite, and no two desks may write to one place. Exit 1 if not so.

    Example: tradeworthy prove audit configs/blue.toml configs/green.toml
    """
    from tradeworthy.proving.audit import audit as held_against

    found = held_against(a, b, allow or ())
    if out:
        from tradeworthy.proving.signing.parity_evidence import evidence_of_audit
        from tradeworthy.proving.signing.sign_off import sign

        sign(out, evidence_of_audit(found, command_of("prove", "audit", a, b, allow=allow)))
    note_audit(found, out)
    if json:
        print_json(found)
    else:
        for line in _audit_lines(found):
            typer.echo(line)
    if not found.passed:
        raise typer.Exit(PROBLEM)


def _audit_lines(found: Any) -> Iterator[str]:
    yield f"{found.a} and {found.b}: {found.keys} keys, {len(found.differing)} differ"
    if found.differing:
        heads = ["key", "a", "b", ""]
        rows = [
            [one.key, _short(one.a), _short(one.b), "allowed" if one.allowed else "NOT ALLOWED"]
            for one in found.differing
        ]
        yield from table_lines([heads, *rows])
    for one in found.findings:
        yield f"{one.question}: {'yes' if one.right else 'NO'} ({one.figures})"
    yield "audit passed" if found.passed else "audit FAILED"


def parity(
    config: ConfigPath,
    feed: Feed = "recorded",
    duration: Duration = None,
    seed: Seed = None,
    from_: FirstDay = None,
    to: LastDay = None,
    trades_min: Annotated[
        int | None,
        typer.Option(help="Fewer trades prove nothing (none: 1000, of uptrend 200).", min=1, metavar="N"),
    ] = None,
    pure_rows: Annotated[
        int, typer.Option(help="Rows that each desk's steps run as plain Python.", min=1, metavar="N")
    ] = 120,
    reference: Annotated[Path | None, typer.Option(help="A frozen reference to compare with.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for parity.json and the sign-off list.")] = None,
    json: AsJson = False,
) -> None:
    """Compute the divergence desks or the uptrend desk of CONFIG on every path, and show that all compute the same.

    Batch engine, backtest session, paper session with PostgreSQL and Redis, its replay, NautilusTrader, and of
    divergence desks the sweep, the vectorised twin and the steps as plain Python. A difference is named by its first
    date, bar and field. It fails (1) on a difference, under --trades-min trades, or if an action, an exit, a fill
    branch or a side that a pair owes never occurred; it ends with 3 if all is equal and a pair could not run.

    Example: tradeworthy prove parity configs/parity-dense.toml --feed recorded:data/hyperliquid_candles --out proof
    """
    plan = _plan(config, feed, duration, seed, from_, to)
    only_errors()
    with progressing("parity") as progress:
        if plan.configuration.on_tokens:
            from tradeworthy.proving.parity.uptrend_proof import prove_uptrend

            _refuse_reference(reference)
            found = prove_uptrend(plan, **_least(trades_min), advance=progress)
        else:
            from tradeworthy.proving.parity.proof import prove_parity

            found = prove_parity(
                plan, **_least(trades_min), pure_rows=pure_rows, reference=reference, advance=progress
            )
    if out:
        asked = {
            "duration": duration,
            "seed": seed,
            "from": from_.date() if from_ else None,
            "to": to.date() if to else None,
            "trades_min": trades_min,
            "reference": reference,
        }
        command = command_of("prove", "parity", config, feed=feed, **asked)
        _keep_parity(found, out, "" if plan.configuration.on_tokens else command)
    note_parity(found, plan, out)
    if json:
        print_json(found)
    else:
        for line in _parity_lines(found):
            typer.echo(line)
    if found.exit_code:
        raise typer.Exit(found.exit_code)


def _least(trades_min: int | None) -> dict[str, int]:
    return {} if trades_min is None else {"trades_min": trades_min}


def _refuse_reference(reference: Path | None) -> None:
    if reference:
        from tradeworthy.core.errors import UsageError

        raise UsageError(f"--reference {reference} is of divergence desks; leave it out for an uptrend desk")


def _keep_parity(found: Any, out: Path, command: str) -> None:
    """Write parity.json; with a `command`, sign the lines of the sign-off list that it proves."""
    import msgspec

    if command:
        from tradeworthy.proving.signing.parity_evidence import evidence_of_parity
        from tradeworthy.proving.signing.sign_off import sign

        sign(out, evidence_of_parity(found, command))
    out.mkdir(parents=True, exist_ok=True)
    (out / "parity.json").write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


def _parity_lines(found: Any) -> Iterator[str]:
    """The table, then what it rests on."""
    days = f"{found.first_day} to {found.last_day}"
    yield (
        f"{found.configuration}, {found.feed.get('feed')} feed, {days}: {found.rows} rows of {len(found.capital)} desks"
        f" over {found.days} days, seed {found.seed}"
    )
    heads = ["pair", "rows compared", "trades", "differences", "seconds", ""]
    rows = [
        [
            pair.name,
            sum(one.rows for one in pair.compared),
            pair.trades,
            pair.differences,
            f"{pair.seconds:.1f}",
            pair.verdict,
        ]
        for pair in found.pairs
    ]
    yield from table_lines([heads, *rows], right=range(1, 5))
    for pair in found.pairs:
        yield from _pair_lines(pair)
    yield f"trades {found.trades}, fingerprint {found.fingerprint}"
    yield from (f"capital {name}: {_cash(units)}" for name, units in found.capital.items())
    for title, counts in (
        ("exits", found.coverage.exits),
        ("fills", found.coverage.branches),
        ("sides", found.coverage.sides),
        *found.coverage.others.items(),
    ):
        yield f"{title}: {', '.join(f'{name} {count}' for name, count in counts.items())}"
    refused = ", ".join(f"{what} {count}" for what, count in found.refused.items())
    yield f"guards that bound: {refused or 'none'}"
    yield from _closing_lines(found)


def _pair_lines(pair: Any) -> Iterator[str]:
    """What there is to say of one pair beside its line in the table."""
    if pair.absent:
        yield f"{pair.name}: could not run: {pair.absent}"
    if pair.inapplicable:
        yield f"{pair.name}: does not apply: {pair.inapplicable}"
    for one in pair.compared:
        if one.first:
            first = one.first
            yield f"{pair.name}: {one.what}: {one.differences} of {one.rows} differ"
            yield (
                f"  first on {first.date}, bar {first.bar}, {first.field}: {_short(first.left)} against"
                f" {_short(first.right)}"
            )
    if pair.missing:
        yield f"{pair.name}: never reached: {', '.join(pair.missing)}"
    if pair.note:
        yield f"{pair.name}: {pair.note}"


def _closing_lines(found: Any) -> Iterator[str]:
    if found.too_few:
        yield (
            f"{found.trades} trades, and {found.trades_min} are the least: nothing equals nothing is no proof; give"
            " more days, or --trades-min"
        )
    if not found.passed:
        yield f"parity FAILED in {found.seconds:.0f} s"
    elif found.exit_code:
        yield f"parity: all that ran is equal, and not all could run ({found.seconds:.0f} s)"
    else:
        yield f"parity passed in {found.seconds:.0f} s"


def reference(
    config: ConfigPath,
    out: Annotated[Path, typer.Option(help="A new folder for the reference.")],
    feed: Feed = "recorded",
    duration: Duration = None,
    seed: Seed = None,
    from_: FirstDay = None,
    to: LastDay = None,
    json: AsJson = False,
) -> None:
    """Freeze what the batch engine makes of the divergence desks of CONFIG, with the sha256 of every file.

    A folder for each desk with trades.csv, daily.csv, bars.csv and summary.json, and reference.json beside them. It is
    never overwritten: `prove parity --reference DIR` compares with it.

    Example: tradeworthy prove reference configs/blue.toml --feed recorded:data/hyperliquid_candles --out reference
    """
    plan = _plan(config, feed, duration, seed, from_, to)
    with progressing("freezing"):
        from tradeworthy.proving.reference import freeze

        made = freeze(plan, out)
    note_reference(made, plan, out)
    if json:
        print_json(made)
        return
    trades = ", ".join(f"{name} {count} trades" for name, count in made.trades.items())
    typer.echo(f"{made.configuration}, {made.first_day} to {made.last_day}: {trades}")
    typer.echo(f"{len(made.files)} files in {out}, fingerprint={made.fingerprint}")


def _plan(config: Path, feed: str, duration: Any, seed: Any, from_: Any, to: Any) -> Any:
    return make_plan(
        config,
        mode="backtest",
        feed=feed,
        duration_s=duration,
        seed=seed,
        fresh=True,
        first_day=from_.date() if from_ else None,
        last_day=to.date() if to else None,
    )


def only_errors() -> None:
    """The sessions that the proof runs are no sessions of the user's: their log lines would hide its table."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


def _cash(units: int) -> str:
    from tradeworthy.market.money import cash_text

    return cash_text(units)


def _short(value: str) -> str:
    return value if len(value) <= VALUE_MAX else f"{value[: VALUE_MAX - 3]}..."
