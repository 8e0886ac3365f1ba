"""What only the divergence desk knows: its judgement of every bar."""

from __future__ import annotations

from tradeworthy.core.events import Event


class BarJudged(Event, frozen=True):
    """What `desk` made of one row of its panel: one line of the bar log.

    `ts_event` is the open time of the row's bars (UTC ns) and `bar_idx` their number in the UTC day. `vel_div` is
    NaN while it is not known, `vol_regime_ok` None until the gate is calibrated. `position_open` says whether a
    position was held before the decision, `regime_size_mult` is boost * (1 + beta s^3) * mc_scale, `posture` is a
    Posture's name, and `action` is ENTER, SKIP:why, EXIT:why, or why nothing was done.
    """

    desk: str
    ts_event: int
    bar_idx: int
    vel_div: float
    vol_regime_ok: bool | None
    position_open: bool
    regime_size_mult: float
    boost: float
    beta: float
    posture: str
    action: str
