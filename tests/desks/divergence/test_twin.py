"""Every compiled step against its plain Python twin, bit for bit."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.desks.divergence import twin
from tradeworthy.desks.divergence.codes import EXITS, Code
from tradeworthy.desks.divergence.records import FEATURE_STATE

ROOT = Path(__file__).parents[3]


def test_plain_python_answers_the_same_bits(tmp_path: Path) -> None:
    """D4: 33 days of hours with holes, missing rows, every exit and refusal, and the state at the end."""
    file = tmp_path / "answers"
    subprocess.run(
        [sys.executable, "-m", "tests.desks.divergence.twin", str(file)],
        check=True,
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        timeout=120,
    )
    steps, end = twin.answers()
    plain = file.read_bytes()
    size, state = steps.nbytes, FEATURE_STATE.itemsize
    plain_steps = np.frombuffer(plain[:size], twin.ANSWERS)
    for group in ("features", "memory", "bar"):
        for field in steps[group].dtype.names or ():
            ours, theirs = steps[group][field], plain_steps[group][field]
            unlike = [row for row in range(twin.ROWS) if ours[row].tobytes() != theirs[row].tobytes()]
            assert not unlike, f"{group}.{field} differs from row {unlike[0]} on"
    assert plain[size : size + state] == end
    assert plain[size + state :] == twin.others()


def test_the_stretch_reaches_every_answer() -> None:
    """Nothing equals nothing is no proof: each code but a size too small, calibrated thresholds, both betas."""
    steps, end = twin.answers()
    codes = {Code(int(code)) for code in np.unique(steps["memory"]["code"])}
    assert set(EXITS) <= codes
    assert set(Code) - codes == {Code.NOTHING, Code.TOO_SMALL}
    features = steps["features"]
    assert set(np.unique(features["vol_ok"])) == {-1, 0, 1}
    assert np.isnan(features["vel_div"]).any()
    assert set(np.unique(features["beta"])) == {0.2, 0.8}
    state = np.frombuffer(end, FEATURE_STATE)[0]
    assert state["bars"] > state["since_refresh"] > 0
    assert set(np.unique(steps["memory"]["dc"])) == {-1, 0, 1}
