"""What the proving verbs leave on record: one line each in the home folder's list of proofs, for the page Proving.

Figures that are lists are rows of a name and what became of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tradeworthy.cli.console import NOT_AVAILABLE, complain


def note_proof(
    verb: str,
    subject: str,
    passed: bool | None,
    figures: dict[str, Any],
    *,
    desk_files: Iterable[Path] = (),
    out: Path | None = None,
) -> None:
    """Put a proof of the code that is here, and of `desk_files`, on the list; complain if it can't be kept."""
    from tradeworthy.core.errors import TradeworthyError
    from tradeworthy.proving.evidence_log import note
    from tradeworthy.runtime.home import home
    from tradeworthy.runtime.identity import decision_hash

    evidence = str(out.absolute()) if out else ""
    told: dict[str, Any] = {"passed": passed, "figures": figures, "evidence": evidence}
    try:
        note(home(), verb, subject, decision_hash=decision_hash(desk_files), **told)
    except TradeworthyError as error:
        complain(str(error), lead="not on record: ")


def note_compare(found: Any, out: Path | None) -> None:
    """A Comparison."""
    trades = found.trades
    figures = {
        "backtest_pnl": found.backtest_pnl,
        "run_pnl": found.run_pnl,
        "gap": found.gap,
        "currency": found.currency,
        "parts": [[part.name, part.amount] for part in found.parts],
        "feed": found.feed.get("feed", ""),
        "from": found.from_at,
        "to": found.to_at,
        "trades_matched": len(trades.matched),
        "trades_only_in_the_run": len(trades.only_run),
        "trades_only_in_the_backtest": len(trades.only_backtest),
        "inputs_give_the_run_again": found.reproduced,
    }
    note_proof("compare", found.run, found.explained, figures, desk_files=_files_of(found.run), out=out)


def note_replay(done: Any) -> None:
    """A Replayed: all was as on record."""
    names = "inputs", "packets", "decisions", "digests", "digest", "fingerprint"
    figures = {name: getattr(done, name) for name in names}
    note_proof("replay", done.run, True, figures, desk_files=_files_of(done.run))


def note_diverged(run: str, error: Any) -> None:
    """A replay that differed: the packet and field of a Divergence, or what a desk raised."""
    names = "seq", "field", "recorded", "made"
    figures = {name: getattr(error, name) for name in names if hasattr(error, name)}
    note_proof("replay", run, False, figures or {"raised": str(error)}, desk_files=_files_of(run))


def note_damaged(verb: str, run: str, error: Any) -> None:
    """A Damage: the journal of `run` is broken, and `verb` could not read what it would judge."""
    from tradeworthy.core.errors import TradeworthyError

    try:
        files = list(_files_of(run))
    except TradeworthyError:
        files = []  # The header is part of the journal, and may be broken too.
    note_proof(verb, run, False, {"seq": error.seq, "raised": str(error)}, desk_files=files)


def note_parity(found: Any, plan: Any, out: Path | None) -> None:
    """A Parity; one that lacks a pair that could not run here is neither passed nor failed."""
    passed = None if found.passed and found.exit_code == NOT_AVAILABLE else found.passed
    figures = {
        "trades": found.trades,
        "least_trades": found.trades_min,
        "rows": found.rows,
        "days": found.days,
        "from": found.first_day,
        "to": found.last_day,
        "feed": found.feed.get("feed", ""),
        "seed": found.seed,
        "fingerprint": found.fingerprint,
        "pairs": [[pair.name, pair.verdict] for pair in found.pairs],
    }
    files = plan.configuration.desk_files
    note_proof("parity", found.configuration, passed, figures, desk_files=files, out=out)


def note_audit(found: Any, out: Path | None) -> None:
    """An Audit."""
    from tradeworthy.runtime.configuration import load

    a, b = load(Path(found.a)), load(Path(found.b))
    figures = {
        "configurations": [a.name, b.name],
        "keys": found.keys,
        "differing": len(found.differing),
        "not_allowed": [[one.key, "NOT ALLOWED"] for one in found.differing if not one.allowed],
        "questions": [[one.question, "yes" if one.right else "NO"] for one in found.findings],
    }
    subject = f"{Path(found.a).name} and {Path(found.b).name}"
    note_proof("audit", subject, found.passed, figures, desk_files=a.desk_files, out=out)


def note_lookahead(result: Any, plan: Any) -> None:
    """A Lookahead."""
    outputs = [[f"{one.what} {name}", rows] for one in result.searched for name, rows in one.outputs.items()]
    figures = {
        "rows": result.rows,
        "cuts": len(result.cuts),
        "outputs": len(outputs),
        "looked_ahead": [
            [f"{what} {one.output}", f"{one.date} bar {one.bar}, {one.field}"] for what, one in result.found
        ],
    }
    files = plan.configuration.desk_files
    note_proof("lookahead", plan.configuration.name, not result.found, figures, desk_files=files)


def note_calibration(found: Any, plan: Any) -> None:
    """Calibrations of desks, or of the window forecast: figures without a verdict."""
    if plan is None:
        last = found.scopes[-1]
        figures: dict[str, Any] = {
            "model": found.chosen.name,
            "markets": last.markets,
            "forecasts": last.forecasts,
            "brier_scores": [[score.model, f"{score.brier.value:.4f}"] for score in last.scores],
        }
        note_proof("calibration", "window forecast", None, figures)
        return
    desks = [[one.desk, f"{one.trades} trades, {one.win_rate:.0%} won"] for one in found]
    files = plan.configuration.desk_files
    note_proof("calibration", plan.configuration.name, None, {"desks": desks}, desk_files=files)


def note_preflight(drills: list[Any], flight: Any, out: Path | None) -> None:
    """The drills that were flown; if none failed there is a verdict only if all of them could be."""
    from tradeworthy.proving.preflight.drills import DRILLS

    verdicts = {one.verdict for one in drills}
    is_whole = len(drills) == len(DRILLS) and verdicts == {"PASS"}
    passed = False if "FAIL" in verdicts else True if is_whole else None
    figures = {
        "drills": [[f"{one.number} {one.name}", one.verdict] for one in drills],
        "numbers": "the specification's" if flight.full else "quick",
        "flown_on": flight.where,
    }
    files = flight.configuration.desk_files
    note_proof("preflight", flight.configuration.name, passed, figures, desk_files=files, out=out)


def note_flow(played: list[Any], *, is_all: bool, planted: bool, out: Path | None) -> None:
    """The flows that were played; if none lost a packet there is a verdict only if they are all there are.

    One with a planted fault proves nothing of the system.
    """
    if planted:
        return
    lost = [[one.scenario.name, packet.failure_stage] for one in played for packet in one.died]
    figures = {
        "packets": sum(len(one.followed) for one in played),
        "flows": [[one.scenario.name, "FAIL" if one.died else "PASS"] for one in played],
        "lost": lost,
    }
    subject = "all flows" if is_all else ", ".join(one.scenario.name for one in played)
    note_proof("flow", subject, False if lost else True if is_all else None, figures, out=out)


def note_shadow(found: Any, plans: list[Any], out: Path | None) -> None:
    """A Shadow: what a change of rules changes, without a verdict."""
    figures = {
        "trades_in_both": found.trades.both,
        "trades_only_in_a": found.trades.only_a,
        "trades_only_in_b": found.trades.only_b,
        "pnl_a": found.a.pnl,
        "pnl_b": found.b.pnl,
        "settings_that_differ": len(found.settings),
    }
    files = [file for plan in plans for file in plan.configuration.desk_files]
    subject = f"{found.a.configuration} and {found.b.configuration}"
    note_proof("shadow", subject, None, figures, desk_files=files, out=out)


def note_day(summary: dict[str, Any], config: Path, out: Path) -> None:
    """A paper day."""
    from tradeworthy.runtime.configuration import load

    figures = {
        "trades": sum(desk["Trades"] for desk in summary["desks"].values()),
        "warnings": [[words, "warning"] for words in summary["warnings"]],
        "digest": summary["digest"],
        "fingerprint": summary["fingerprint"],
    }
    subject = f"{summary['configuration']} {summary['date']}"
    note_proof("day", subject, summary["finished"], figures, desk_files=load(config).desk_files, out=out)


def note_sign_off(found: Any, folder: Path) -> None:
    """A sign-off list as it stands."""
    statuses = [line.status for line in found.lines]
    passed = False if "failed" in statuses else True if set(statuses) == {"passed"} else None
    figures = {
        "lines_passed": statuses.count("passed"),
        "lines_in_all": len(statuses),
        "lines": [[line.id, line.status] for line in found.lines],
    }
    note_proof("sign-off", folder.name or str(folder), passed, figures, out=folder)


def note_reference(made: Any, plan: Any, out: Path) -> None:
    """A frozen reference, without a verdict."""
    figures = {
        "trades": sum(made.trades.values()),
        "from": made.first_day,
        "to": made.last_day,
        "files": len(made.files),
        "fingerprint": made.fingerprint,
    }
    files = plan.configuration.desk_files
    note_proof("reference", made.configuration, None, figures, desk_files=files, out=out)


def _files_of(run: str) -> Iterable[Path]:
    """The desks' files that the run named `run` is made of."""
    from tradeworthy.journal.reader import read_header
    from tradeworthy.runtime.configuration import from_values
    from tradeworthy.runtime.home import home
    from tradeworthy.runtime.runs import find

    header = read_header(find(home(), run))
    return from_values(header.configuration, f"the header of run {run}").desk_files
