"""What every test may ask for: recorded data, and a home folder of its own."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci")

RECORDED = "TRADEWORTHY_DATA__RECORDED"


def pytest_collection_finish() -> None:
    """Spare the collector what thousands of collected tests hold: it would look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def recorded_data() -> Path:
    """The folder of recorded data; without one the test is skipped, and in CI it fails."""
    setting = os.environ.get(RECORDED)
    if not setting:
        message = f"{RECORDED} is not set: name the folder of recorded data to run this test"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    folder = Path(setting)
    if not folder.is_dir():
        pytest.fail(f"{RECORDED} is {setting!r}, which is not a folder")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, with no outside database or bus in sight."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("TRADEWORTHY_HOME", str(folder))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    return folder
