"""Charts of the page Risk: the stance over time, as options made from rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from tradeworthy.risk.posture import CATEGORIES
from tradeworthy.risk.stance import POSTURES, Posture
from tradeworthy.web.dashboard.charts import Options, Row, millis
from tradeworthy.web.dashboard.theme import Palette

CATEGORY_WORDS: Final = dict(
    zip(
        CATEGORIES,
        (
            "journal, heartbeat, ledger, clock",
            "what the forewarner says",
            "age and gaps of the data",
            "volatility, funding, old figures",
            "fall of the equity from its peak",
        ),
        strict=True,
    )
)
"""What each category of stress listens to."""


class Stance(NamedTuple):
    """How things stand from `at` on: our own posture, the outside writer's, the stricter of both, and why.

    `rm` is our multiplier, 0 to 1, and `stresses` the five categories that it follows from.
    """

    at: datetime
    own: Posture
    reported: Posture
    rm: float
    stresses: tuple[float, ...]
    reason: str

    @property
    def posture(self) -> Posture:
        """The stricter of both, which desks go by."""
        return POSTURES[max(self.own.rank, self.reported.rank)]


def calm(at: datetime) -> Stance:
    """The stance of a run before anything was said: well."""
    return Stance(at, Posture.APEX, Posture.APEX, 1.0, (0.0,) * len(CATEGORIES), "nothing was wrong")


def stances_of(rows: Sequence[Row], begin: datetime) -> list[Stance]:
    """The stances of a run that began at `begin`, the oldest first, from its events with the newest first."""
    found = [calm(begin)]
    for row in reversed(rows):
        event, last = row["event"], found[-1]
        posture = Posture(event["posture"])
        if row["type"] == "PostureReported":
            by = event.get("writer") or "an outside writer"
            said = f"{by} reports {posture}" + (
                f": {', '.join(event['reasons'])}" if event["reasons"] else ""
            )
            found.append(last._replace(at=row["created_at"], reported=posture, reason=said))
        else:
            told: dict[str, Any] = {
                "own": posture,
                "rm": float(event["rm"]),
                "stresses": tuple(event["cats"]),
            }
            found.append(last._replace(at=row["created_at"], reason=event["reason"], **told))
    return found


def stance_options(base: Options, stances: Sequence[Stance], until: datetime, colours: Palette) -> Options:
    """Posture, multiplier and the five stresses as steps over one time axis, each in a strip of its own."""
    strips = [_strip("Posture", 8, 96), _strip("Rm", 122, 44)]
    strips += [_strip(name, 186 + 31 * place, 20) for place, name in enumerate(CATEGORIES)]
    last = len(strips) - 1
    names = [posture.value for posture in reversed(POSTURES)]
    axes = [{**base["yAxis"], **_named("", 0), "type": "category", "data": names, "scale": False}]
    axes += [
        {**base["yAxis"], **_named(name, place), **_UNIT} for place, (name, _) in enumerate(strips[1:], 1)
    ]
    lines = [_line("Posture", 0, colours.accent, [(one.at, one.posture.value) for one in stances], until)]
    del lines[0]["areaStyle"]  # A name has no ground to be filled from.
    lines[0]["step"] = (
        "start"  # Over an axis of names the ends of a step change places: it holds to the next point.
    )
    lines.append(_line("Rm", 1, colours.up, [(one.at, round(one.rm, 4)) for one in stances], until))
    for place, name in enumerate(CATEGORIES):
        told = [(one.at, round(one.stresses[place], 4)) for one in stances]
        lines.append(_line(name, place + 2, colours.down, told, until))
    return {
        **base,
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "grid": [grid for _, grid in strips],
        "xAxis": [
            {
                **base["xAxis"],
                "gridIndex": place,
                "axisLabel": {**base["xAxis"]["axisLabel"], "show": place == last},
            }
            for place in range(last + 1)
        ],
        "yAxis": axes,
        "series": lines,
    }


_UNIT: Final = {
    "type": "value",
    "min": 0,
    "max": 1,
    "scale": False,
    "axisLabel": {"show": False},
    "interval": 1,
}


def _strip(name: str, top: int, height: int) -> tuple[str, dict[str, Any]]:
    """Where a strip stands; it does not give way to its name, or it would be out of time with the others."""
    return name, {"left": 84, "right": 14, "top": top, "height": height, "outerBoundsMode": "none"}


def _named(name: str, place: int) -> dict[str, Any]:
    if not name:
        return {"gridIndex": place}
    said = {"name": name, "nameLocation": "middle", "nameRotate": 0, "nameGap": 8}
    return {"gridIndex": place, **said, "nameTextStyle": {"align": "right"}}


def _line(
    name: str, place: int, colour: str, told: Sequence[tuple[datetime, Any]], until: datetime
) -> dict[str, Any]:
    """A step line that goes on to `until`."""
    data = [[millis(at), value] for at, value in told]
    data.append([max(millis(until), data[-1][0]), data[-1][1]])
    return {
        "name": name,
        "type": "line",
        "step": "end",
        "showSymbol": False,
        "data": data,
        "xAxisIndex": place,
        "yAxisIndex": place,
        "lineStyle": {"width": 1.6, "color": colour},
        "itemStyle": {"color": colour},
        "areaStyle": {"color": colour, "opacity": 0.16, "origin": "start"},
    }
