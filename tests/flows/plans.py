"""Configurations of flow tests, and the words of the command that runs them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

DESKS = Path(__file__).parent / "desks"
DAY_S = 86_400

HEAD = """\
name = "flow"
seed = 7

[account]
currency = "USDT"
cash = "100000"

[risk]
position_max = "0.5"
portfolio_max = "0.9"
daily_loss_max = "0.9"
drawdown_max = "0.9"

[journal]
snapshot_every = {snapshot_every}
"""

INSTRUMENT = """
[[instruments]]
id = "{name}"
quote = "USDT"
tick = "0.01"
lot = "0.001"
taker_fee = "0.0005"
maker_fee = "0.0002"
"""

DESK = """
[[desks]]
name = "{name}"
file = "{file}"
timeframe = "1m"
instruments = ["BTC", "ETH"]
share = "0.5"
on_fault = "{on_fault}"
settings = {{ fault = "{fault}", minutes = {minutes} }}
"""


def write_plan(
    folder: Path,
    faults: Mapping[str, tuple[str, list[int]]] | None = None,
    *,
    on_fault: str = "keep",
    snapshot_every: int = 250_000,
) -> Path:
    """A file with two desks, `steady` and `shaky`, and by name what is wrong with them and in which minutes."""
    text = HEAD.format(snapshot_every=snapshot_every)
    text += "".join(INSTRUMENT.format(name=name) for name in ("BTC", "ETH"))
    for name in ("steady", "shaky"):
        fault, minutes = (faults or {}).get(name, ("none", []))
        text += DESK.format(
            name=name, file=DESKS / "shaky.py", on_fault=on_fault, fault=fault, minutes=json.dumps(minutes)
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "flow.toml"
    path.write_text(text)
    return path


def words(plan: Path, duration_s: int, *more: str) -> tuple[str, ...]:
    """`run` in paper mode on the simulator."""
    return ("run", str(plan), "--duration", str(duration_s), *more)
