"""Makes docs/reference, and the table in docs/assumptions.md, from the source: `python -m docs.make_reference`.

With --check nothing is written, and it exits with 1 if a page is not what the source says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from docs.making import api, assumptions, commands, errors, events, logs, settings
from docs.making.sources import MISSING, NOTES, ROOT

DOCS = ROOT / "docs"
MADE = "This page is made from the source by `python -m docs.make_reference`."
BEGIN, END = "<!-- made from the source: begin -->", "<!-- made from the source: end -->"

COMMANDS = """# Command line

Every verb has `--help`; this is the same text. Results go to standard output, log lines and progress to standard
error. `--json` prints one JSON document.

Exit codes: 0 done, 1 it failed or what was checked is not so, 2 wrong use, 3 what was asked for is not here (data, a
server, a session) or may work later."""

CONFIGURATION = """# Configuration keys

A session's configuration is one TOML file. An unknown key is an error with the nearest name. The environment goes
before the file: `TRADEWORTHY_SECTION__KEY` (`TRADEWORTHY_RISK__DRAWDOWN_MAX=0.1`); lists are changed in the file. The
whole resolved configuration stands in the head of each run's journal. `[web]` and `[alerts]` belong to the process, and
stand in no session's file.

Exact numbers are text in quotes (`"0.0005"`), so that no digit is lost. Where a unit is empty, the meaning says it.

| in the environment | meaning |
|---|---|
| `TRADEWORTHY_HOME` | the home folder: journals, embedded servers, the halt latch, tokens |
| `DATABASE_URL`, `REDIS_URL` | servers of your own instead of the embedded ones |
| `TRADEWORTHY_SECTION__KEY` | goes before the file's key |
| `TRADEWORTHY_WEB__KEY` | dashboard and API, see `[web]` below |
| `TRADEWORTHY_ALERTS__KEY` | alerts, see `[alerts]` below; also in `alerts.toml` of the home folder |
| `PM_THRESHOLD_KEY` | a threshold of the uptrend desk; goes before all others |
| `GECKOTERMINAL_URL`, `HYPERLIQUID_URL`, `HYPERLIQUID_WS_URL` | where the live feed of the uptrend desk gets its data |
| `HL_SYMBOLS`, `HL_INGEST_ENABLED` | the majors that it follows, and whether it does |"""

API = """# API routes

What the server says of itself, as it does at `/openapi.json`. How to ask: [API and metrics](../api.md). GET needs a
token with the scope `read`, everything else one with `operate`; `/health` needs none."""

EVENTS = """# Events

All that enters a session and all that it makes is an event in a packet. These are the classes, by the room that
defines them. A packet adds `seq`, `trace`, `cause`, `ts` (session time, UTC ns) and `agent`. Money in events is in
integers: ticks, lots, and cash units of 1e-8. Schemas only grow: new fields have defaults."""

TABLES = """# Tables

The projector writes these tables from the journal, and nothing else does. They can be dropped and made again. Times
are session time in UTC; money and prices are exact. Most rows stand for one packet and begin with `id` (a UUID), `run`,
`seq` and `created_at`; those four are left out below. `sum`, `greatest` and the like of a row that is written again
are in `store/schema.py`."""

LOGS = """# Log events

Log lines go to standard error: time, level, the event's name, then `key=value`. `at` is session time. Names are fixed,
so that they can be searched for; a session that is not the pilot's says `session_` where the pilot says `pilot_`."""

ERRORS = """# Every error

An error is one line on standard error: what happened, the value, the limit, and the next step. The exit code says whose
turn it is.

```
{tree}
```

| class | exit | what to do when the line names no step |
|---|---|---|
| UsageError | 2 | correct what you gave |
| NotAvailable | 3 | bring what is missing, or ask for something else |
| Retryable | 3 | give the same command again; nothing is lost |
| DeskHalted | 1 | look at the desk with `tradeworthy status`, correct it, then `tradeworthy resume` |
| AllHalted | 1 | make room or mend the disk, then give the same command |
| Bug | 1 | a defect of a desk or of this product: keep the run's folder, and report it |
| refused value | 2 | a value in a file or message; the line around it names the file and the key |

A faulty configuration file is told in one line with all its faults: `unknown key risk.drawdwn_max, did you mean
drawdown_max?`, `account.cash is missing; add it`, `risk.position_max: Input should be less than or equal to 1 (given:
2)`. The command line itself answers wrong options with `see tradeworthy VERB --help`, Ctrl+C with `interrupted`, and
what the system refuses with its words and the file.

Below is every sentence that the product can say, by the module that says it. \u2039Words in such marks\u203a stand for
values; **bold** is the next step; then the class and the exit code."""


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    made: dict[str, tuple[str, Callable[[], list[str]]]] = {
        "commands.md": (COMMANDS, commands.page),
        "configuration.md": (CONFIGURATION, settings.page),
        "api.md": (API, api.page),
        "events.md": (EVENTS, events.events_page),
        "tables.md": (TABLES, events.tables_page),
        "log-events.md": (LOGS, logs.page),
        "errors.md": (ERRORS.format(tree=errors.tree_of_errors()), errors.page),
    }
    found = {
        DOCS / "reference" / name: _text([head, "", MADE, "", *body()]) for name, (head, body) in made.items()
    }
    about = DOCS / "assumptions.md"
    found[about] = _between(about.read_text(encoding="utf-8"), assumptions.page())
    return found


def _text(lines: list[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _between(text: str, lines: list[str]) -> str:
    """`text` with what stands between the two marks put anew."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{_text(lines)}{END}{after}"


def stale() -> Iterator[Path]:
    """The pages that are not what the source says."""
    for path, text in pages().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield path


def main() -> int:
    """Write what changed, or with --check only say it; 1 if something is wrong."""
    changed = list(stale())
    if MISSING:
        sys.stderr.write(
            f"no sentence in {NOTES.relative_to(ROOT)} for {', '.join(MISSING)}: write one each\n"
        )
        return 1
    for path in changed:
        sys.stderr.write(f"{path.relative_to(ROOT)} is not what the source says\n")
    if "--check" in sys.argv[1:]:
        return int(bool(changed))
    for path in changed:
        path.parent.mkdir(exist_ok=True)
        path.write_text(pages()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
