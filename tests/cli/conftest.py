"""A home folder with servers that stay up; in it a demonstration, a desk's day and a stricter one, made once."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.command_line import CONFIG, Said, call
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.store.embedded import EmbeddedPostgres


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Verbs set up logging for their process; other tests want it as it was."""
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a verb leaves on record stays out of the user's home folder."""
    monkeypatch.setenv("TRADEWORTHY_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def warm() -> Iterator[Path]:
    """A home folder whose servers run as long as the tests: not pytest's, whose folders are closed to PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        place = Path(folder)
        with EmbeddedPostgres(place), EmbeddedRedis(place):
            yield place


@pytest.fixture(scope="session")
def shown(warm: Path) -> Said:
    """What `tradeworthy demo` said in `warm`."""
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, warm)
        return call("demo")


@pytest.fixture(scope="session")
def day(warm: Path) -> Said:
    """What `tradeworthy run` said of a day of the example desk in `warm`."""
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, warm)
        return call("run", CONFIG, "--duration", "86400")


@pytest.fixture(scope="session")
def strict(warm: Path) -> str:
    """The name of a run in `warm` whose every entry is refused."""
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, warm)
        patch.setenv("TRADEWORTHY_RISK__POSITION_MAX", "0.01")
        said = call("run", CONFIG, "--duration", "20000", "--json")
        return str(said.json["run"])


@pytest.fixture
def place(warm: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of the test: `warm`, with nothing of the outside in sight."""
    enter(monkeypatch, warm)
    return warm


@pytest.fixture
def demo_run(place: Path, shown: Said) -> str:
    """The name of the demonstration's run, in the test's home folder."""
    return run_of(shown)


@pytest.fixture
def day_run(place: Path, day: Said) -> str:
    """The name of the day's run, in the test's home folder."""
    return run_of(day)


def enter(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let the environment name `folder` and no server."""
    patch.setenv("TRADEWORTHY_HOME", str(folder))
    for name in ("DATABASE_URL", "REDIS_URL", "TRADEWORTHY_DATA__RECORDED"):
        patch.delenv(name, raising=False)


def run_of(said: Said) -> str:
    """The run that the closing line names."""
    return said.lines[-1].split()[1].removeprefix("run=")
