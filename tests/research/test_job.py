"""A sweep from a configuration to its folder: rows, resuming, killing, counting."""

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.research.panels import (
    CAPITAL,
    DESK,
    SEED,
    by_engine,
    configuration,
    instruments,
    panel,
    record,
    settings,
)
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.reporting.metrics import Performance
from tradeworthy.research import job as job_module
from tradeworthy.research.grids import settings_with
from tradeworthy.research.job import Sweep, SweepPlan, Swept
from tradeworthy.research.sweeping import run_one
from tradeworthy.runtime.configuration import from_values
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan

ROOT = Path(__file__).parents[2]
FRAME = panel(900, holes=0.002)
GRID = ("fixed_tp_pct=0.004:0.008:0.002", "max_hold_bars=5:20:5")
VENUE = PaperVenueSettings(fills="maker_draw")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The universe as a folder of recorded data."""
    return record(FRAME, tmp_path_factory.mktemp("recorded"))


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "CHUNK", 5)


def asked(
    recorded: Path, out: Path, *grid: str, values: dict[str, Any] | None = None, **more: Any
) -> SweepPlan:
    """The plan of a sweep of that grid."""
    whole = from_values(values or configuration(FRAME), "the test's configuration")
    return SweepPlan(Plan(whole, Mode.BACKTEST, f"recorded:{recorded}"), out, grid or GRID, **more)


def swept(plan: SweepPlan, progress: Any = None) -> Swept:
    """The sweep, whole."""
    sweep = Sweep(plan, Home(plan.out.parent), progress)
    try:
        return sweep.run()
    finally:
        sweep.close()


def rows_in(out: Path) -> pl.DataFrame:
    """All results in a folder."""
    return pl.concat([pl.read_parquet(path) for path in sorted((out / "results").glob("*.parquet"))])


def test_a_row_for_each_set_as_the_engine_has_it(recorded: Path, tmp_path: Path) -> None:
    """Parameters, trades, pnl, roi, profit factor, drawdown, Sharpe ratio, exits and fees of each set."""
    done = swept(asked(recorded, tmp_path / "out"))
    assert (done.sets, done.left_out, done.rows, done.days) == (12, 0, 900, 4)
    rows = rows_in(tmp_path / "out").to_dicts()
    wanted = list(itertools.product((0.004, 0.006, 0.008), (5, 10, 15, 20)))
    assert [(row["fixed_tp_pct"], row["max_hold_bars"]) for row in rows] == wanted
    for row in rows:
        own = settings(fixed_tp_pct=row["fixed_tp_pct"], max_hold_bars=row["max_hold_bars"])
        engine, days = by_engine(FRAME, own, VENUE)
        performance = Performance(CAPITAL)
        for day in days:
            for trade in day.trades:
                performance.trade(trade.pnl_absolute)
            performance.end_day()
        for name, figure in performance.figures().items():
            assert row.get(name, len(days)) == pytest.approx(figure, rel=1e-12), name
        assert row["pnl_units"] == engine.capital - CAPITAL
        assert row["trades"] == len(engine.trades) > 0
        assert row["fees_units"] == sum(trade.fees for trade in engine.trades)
        exits = [trade.exit_reason for trade in engine.trades]
        assert all(row[name.lower()] == exits.count(name) for name in ("MAX_HOLD", "FIXED_TP", "STOP_LOSS"))
    ratios = [row["sharpe"] for row in rows]
    assert [row["sharpe"] for row in done.best] == sorted(ratios, reverse=True)[:10]


def test_what_luck_explains_stands_beside_the_best(recorded: Path, tmp_path: Path) -> None:
    """The Sharpe ratio is the row's, and every set counts as a trial."""
    luck = swept(asked(recorded, tmp_path / "out")).luck
    assert luck is not None
    best = rows_in(tmp_path / "out").sort("sharpe", descending=True).row(0, named=True)
    assert luck.set == best["set"]
    assert luck.sharpe == pytest.approx(best["sharpe"], rel=1e-9)
    assert luck.trials == 12
    assert 0.0 <= luck.deflated <= luck.probabilistic <= 1.0
    assert luck.overfit is None


def test_another_tape_for_another_feature_setting(recorded: Path, tmp_path: Path) -> None:
    """Windows and kernels are swept like all else; each set is what it is by itself."""
    swept(
        asked(
            recorded,
            tmp_path / "out",
            "kernel=box,exp",
            "windows=10/30/60/90,8/24/60/90",
            "stop_pct=0.01,0.02",
        )
    )
    base = settings().model_dump()
    capitals = set()
    for row in rows_in(tmp_path / "out").to_dicts():
        windows = tuple(int(width) for width in row["windows"].split("/"))
        own = settings_with(base, {"kernel": row["kernel"], "windows": windows, "stop_pct": row["stop_pct"]})
        result, _ = run_one(
            FRAME, own, instruments(FRAME.instruments), VENUE, desk=DESK, seed=SEED, capital=CAPITAL
        )
        assert row["capital_units"] == result.capital
        capitals.add(int(result.capital))
    assert len(capitals) == 8


def test_threads_change_no_byte(recorded: Path, tmp_path: Path) -> None:
    """One worker, or three."""
    for workers in (1, 3):
        swept(asked(recorded, tmp_path / f"{workers}", random=17, workers=workers))
    one, three = (
        [path.read_bytes() for path in sorted((tmp_path / name).glob("*/part-*.parquet"))] for name in "13"
    )
    assert one == three
    assert len(one) == 8


class Stop:
    """Interrupts when so many sets are done."""

    def __init__(self, after: int) -> None:
        self._after = after

    def __call__(self, done: int, what: str) -> None:
        """As progress is told."""
        if "sets" in what and done >= self._after:
            raise KeyboardInterrupt


def test_the_same_command_goes_on(recorded: Path, tmp_path: Path) -> None:
    """Interrupted, what is done is kept and not done again; the end is that of a sweep in one go."""
    plan = asked(recorded, tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        swept(plan, Stop(5))
    first = tmp_path / "out" / "results" / "part-00000.parquet"
    kept = first.stat().st_mtime_ns
    assert not (tmp_path / "out" / "results" / "part-00001.parquet").exists()
    resumed = swept(plan)
    assert first.stat().st_mtime_ns == kept
    assert resumed.best == swept(asked(recorded, tmp_path / "other")).best
    assert rows_in(tmp_path / "out").equals(rows_in(tmp_path / "other"))


KILLED = """
import json, os, signal, sys
from pathlib import Path
from tests.research import test_job
test_job.job_module.CHUNK = 5
def die(done, what):
    if "sets" in what and done >= 10:
        os.kill(os.getpid(), signal.SIGKILL)
test_job.swept(test_job.asked(Path(sys.argv[1]), Path(sys.argv[2])), die if sys.argv[3] == "die" else None)
"""


def test_a_kill_costs_at_most_a_part(recorded: Path, tmp_path: Path) -> None:
    """Killed without a word after two parts, and in the middle of the third: two stand, and the rest is done again."""
    out = tmp_path / "out"
    words = [sys.executable, "-c", KILLED, str(recorded), str(out), "die"]
    died = subprocess.run(words, cwd=ROOT, check=False, timeout=120, env=dict(os.environ))
    assert died.returncode == -signal.SIGKILL
    assert len(list((out / "results").iterdir())) == 2
    # The days of the third part were written, its results half.
    (out / "daily" / "part-00002.parquet").write_bytes(b"torn")
    (out / "results" / "part-00002.parquet.partial").write_bytes(b"torn")
    assert swept(asked(recorded, out)).sets == 12
    swept(asked(recorded, tmp_path / "other"))
    assert rows_in(out).equals(rows_in(tmp_path / "other"))


def changed_settings() -> dict[str, Any]:
    """The configuration with another stop."""
    values = configuration(FRAME)
    values["desks"][0]["settings"]["stop_pct"] = 0.013
    return values


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"grid": ("stop_pct=0.01,0.02",)}, "grid"),
        ({"random": 3}, "random draws"),
        ({"values": changed_settings()}, "configuration"),
    ],
)
def test_another_sweep_is_refused_or_begun_anew(
    more: dict[str, Any], what: str, recorded: Path, tmp_path: Path
) -> None:
    """It names what differs; --fresh begins anew, and all that was tried before stays counted."""
    out = tmp_path / "out"
    swept(asked(recorded, out))
    grid = more.pop("grid", ())
    with pytest.raises(UsageError, match=f"its {what} is not this one's.*--fresh"):
        swept(asked(recorded, out, *grid, **more))
    done = swept(asked(recorded, out, *grid, **more, fresh=True))
    assert rows_in(out).height == done.sets
    assert done.luck is not None
    assert done.luck.trials == 12 + done.sets
    # The same again is the same sweep, whose trials count once.
    again = swept(asked(recorded, out, *grid, **more)).luck
    assert again == done.luck


def test_trials_survive_a_death_while_clearing(recorded: Path, tmp_path: Path) -> None:
    """The old parts are not taken for the new sweep's, nor their trials lost."""
    out = tmp_path / "out"
    swept(asked(recorded, out))
    swept(asked(recorded, out, "stop_pct=0.01,0.02", fresh=True))
    manifest = out / "manifest.json"
    known = json.loads(manifest.read_text())
    assert known["before"]["sets"] == 12
    manifest.write_text(json.dumps({**known, "clearing": True}))
    done = swept(asked(recorded, out, "stop_pct=0.01,0.02"))
    assert done.luck is not None
    assert (done.sets, done.luck.trials) == (2, 14)


def test_a_folder_of_something_else_is_left_alone(recorded: Path, tmp_path: Path) -> None:
    """Nothing in it is touched; nor is a manifest that is none."""
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds results and no sweep"):
        swept(asked(recorded, tmp_path))
    assert (tmp_path / "results" / "mine.txt").read_text() == "mine"
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(UsageError, match="no sweep's manifest"):
        swept(asked(recorded, tmp_path))


def test_one_sweep_at_a_time_writes_a_folder(recorded: Path, tmp_path: Path) -> None:
    """The second is told."""
    plan = asked(recorded, tmp_path / "out")
    first = Sweep(plan, Home(tmp_path))
    with pytest.raises(UsageError, match="another sweep writes to"):
        Sweep(plan, Home(tmp_path))
    first.close()
    assert swept(plan).sets == 12


def test_sets_that_don_t_go_together_are_counted(recorded: Path, tmp_path: Path) -> None:
    """Left out with the reason; a grid of nothing else is refused."""
    ranges = "vel_div_threshold=-0.03:-0.01:0.01", "vel_div_extreme=-0.04:-0.02:0.01"
    done = swept(asked(recorded, tmp_path / "out", *ranges))
    assert (done.sets, done.left_out) == (6, 3)
    assert "is not below vel_div_threshold" in done.why
    with pytest.raises(UsageError, match="no set of this grid goes together"):
        swept(asked(recorded, tmp_path / "none", "vel_div_threshold=-0.09,-0.08"))


def cases() -> Iterator[tuple[dict[str, Any], str]]:
    """What can't be swept, and how it is said."""
    yield {"desk": "nobody"}, f"--desk nobody: there is {DESK}"
    books = configuration(FRAME)
    books["desks"][0]["settings"]["order_books"]["provider"] = "book"
    yield {"values": books}, "provider"


@pytest.mark.parametrize(("more", "fault"), [*cases()])
def test_what_can_t_be_swept_is_said(
    more: dict[str, Any], fault: str, recorded: Path, tmp_path: Path
) -> None:
    """Before the folder is made."""
    with pytest.raises(UsageError, match=fault):
        swept(asked(recorded, tmp_path / "out", **more))
    assert not (tmp_path / "out" / "results").exists()


def test_absent_data_is_not_available(tmp_path: Path) -> None:
    """With where to get it."""
    with pytest.raises(NotAvailable, match="--feed recorded:DIR"):
        swept(asked(tmp_path / "nowhere", tmp_path / "out"))


def test_what_a_sweep_does_not_see_is_said(recorded: Path, tmp_path: Path) -> None:
    """A script of postures and boosts changes no result, and is named."""
    script = [{"at": "2025-01-01T01:00:00Z", "posture": "HIBERNATE"}]
    plain = swept(asked(recorded, tmp_path / "plain"))
    scripted = swept(asked(recorded, tmp_path / "out", values=configuration(FRAME, script=script)))
    assert scripted.ignored[0] == "1 [[script]] entries"
    assert scripted.best == plain.best
