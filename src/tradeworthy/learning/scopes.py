"""The words of lessons: one pattern key, one scope, one set of buckets, for those who write and those who look up.

Source: specs/uptrend.md 8 and 13.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from tradeworthy.core.errors import Bug
from tradeworthy.learning.events import Scope

DIMENSIONS = (
    *("curator", "chain", "mcap_bucket", "vol_bucket", "age_bucket", "intent", "mcap_vol_ratio_bucket"),
    *("market_family", "timeframe", "A_mode", "E_mode", "macro_phase", "meso_phase", "micro_phase"),
    *("bucket_leader", "bucket_rank_position"),
)
"""The dimensions of a scope, in their documented order."""

ENTRY_DIMENSIONS = DIMENSIONS[:7]
"""Those that are fixed when a token is decided on."""

MARKET_FAMILY = "lowcaps"

MOTIFS = ("entry", "retest_entry", "add", "dx", "first_dip", "reclaim", "trim", "exit")
CATEGORIES = ("entry", "add", "trim", "exit")

S1_ENTRY = "pm.uptrend.S1.entry"
S3_DX = "pm.uptrend.S3.dx"
TUNING, TUNING_TS_MIN, TUNING_HALO, TUNING_DX_MIN = "tuning", "tuning_ts_min", "tuning_halo", "tuning_dx_min"

MODE_CUTS = (0.3, 0.7)
MODES = ("patient", "normal", "aggressive")

_CAP = ((1e5, 5e6, 5e7, 5e8, 1e9), ("nano", "micro", "mid", "big", "large", "xl"))
_VOLUME = (
    (1e4, 5e4, 1e5, 2.5e5, 5e5, 1e6),
    ("<10k", "10k-50k", "50k-100k", "100k-250k", "250k-500k", "500k-1m", "1m+"),
)
_AGE = ((1.0, 3.0, 7.0, 14.0, 30.0, 90.0), ("<1d", "1-3d", "3-7d", "7-14d", "14-30d", "30-90d", "90d+"))
_RATIO = ((0.1, 0.5, 1.0, 2.0, 5.0), ("<0.1", "0.1-0.5", "0.5-1.0", "1.0-2.0", "2.0-5.0", "5.0+"))


def pattern_key(state: str, motif: str) -> str:
    """`pm.uptrend.<state>.<motif>`; Bug for a motif that is none of MOTIFS."""
    if motif not in MOTIFS:
        raise Bug(f"motif {motif!r} is none of {', '.join(MOTIFS)}")
    return f"pm.uptrend.{state}.{motif}"


def mode_of(value: float) -> str:
    """patient, normal or aggressive: A or E at the cuts that sizes have."""
    return MODES[bisect_right(MODE_CUTS, value)]


def cap_bucket(market_cap: float | None) -> str:
    """nano, micro, mid, big, large or xl by market capitalisation in USD; "" where it is not known."""
    return _bucket(_CAP, market_cap)


def volume_bucket(volume_24h: float | None) -> str:
    """The bucket of a day's volume in USD; "" where it is not known."""
    return _bucket(_VOLUME, volume_24h)


def age_bucket(age_days: float | None) -> str:
    """The bucket of a token's age in days; "" where it is not known."""
    return _bucket(_AGE, age_days)


def ratio_bucket(market_cap: float | None, volume_24h: float | None) -> str:
    """The bucket of capitalisation over a day's volume; no volume is the highest, "" where one is not known."""
    if market_cap is None or volume_24h is None:
        return ""
    return _RATIO[1][-1] if volume_24h <= 0 else _bucket(_RATIO, market_cap / volume_24h)


def build_scope(
    entry_context: Mapping[str, str], *, timeframe: str, a: float, e: float, regime: Mapping[str, str]
) -> Scope:
    """The scope of a decision: what is known of it in DIMENSIONS, empty values left out.

    `regime` may give macro_phase, meso_phase, micro_phase, bucket_leader and bucket_rank_position. Where both know a
    dimension, the entry context's word holds.
    """
    known = {
        **regime,
        "market_family": MARKET_FAMILY,
        "timeframe": timeframe,
        "A_mode": mode_of(a),
        "E_mode": mode_of(e),
        **{name: value for name, value in entry_context.items() if value},
    }
    return {name: str(known[name]) for name in DIMENSIONS if known.get(name)}


def contains(scope: Mapping[str, str], subset: Mapping[str, str]) -> bool:
    """Whether each dimension of `subset` has the same value in `scope`; {} is contained in all."""
    return all(scope.get(name) == value for name, value in subset.items())


def subset_key(pattern: str, category: str, subset: Mapping[str, str]) -> str:
    """One text for a slice: `pattern|category|{a=x,b=y}`, dimensions sorted."""
    inner = ",".join(f"{name}={subset[name]}" for name in sorted(subset))
    return f"{pattern}|{category}|{{{inner}}}"


def _bucket(table: tuple[Sequence[float], Sequence[str]], value: float | None) -> str:
    cuts, names = table
    return "" if value is None or value != value else names[bisect_right(cuts, value)]  # noqa: PLR0124 - NaN
