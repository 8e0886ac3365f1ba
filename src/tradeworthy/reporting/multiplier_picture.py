"""What overrides do, as one SVG picture: a bar from x1 for each slice, the paler the less confident."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from tradeworthy.learning.events import Override

ROWS_MAX = 40
"""So many overrides are drawn, those that do most; the rest is counted under the picture."""

WIDTH, LABELS, VALUES = 1040, 490, 180
"""Pixels of the picture, of its labels on the left, and of its figures on the right."""

ROW, HEAD, FOOT = 22, 64, 34
OPACITY_MIN = 0.15
TICKS = (0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0)

_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1d2733}.head{font-size:16px;font-weight:600}"
    ".soft{fill:#65717e;font-size:11px}.grid{stroke:#e3e7eb}.one{stroke:#1d2733}.up{fill:#1b7f5c}.down{fill:#b4452f}"
)


def multiplier_picture(overrides: Sequence[Override], title: str) -> str:
    """A whole SVG file: the slices in order of pattern and scope, on a logarithmic axis from x0.3 to x3."""
    drawn = sorted(overrides, key=lambda one: (-abs(_log(one.multiplier)), one.id))[:ROWS_MAX]
    drawn.sort(key=lambda one: (one.pattern_key, one.action_category, sorted(one.scope_subset.items())))
    height = HEAD + ROW * max(1, len(drawn)) + FOOT
    describe = f"{title}: {len(overrides)} multipliers by slice"
    parts = [f'<text x="16" y="26" class="head">{escape(title)}</text>', _axis(height - FOOT)]
    parts += [_row(override, HEAD + ROW * place) for place, override in enumerate(drawn)]
    if not drawn:
        parts.append(f'<text x="16" y="{HEAD + 15}">no override is in force: every multiplier is x1</text>')
    left_out = len(overrides) - len(drawn)
    foot = "a bar's strength is its confidence; x1 changes nothing"
    foot += f"; {left_out} more that are nearer to x1 are not drawn" if left_out else ""
    parts.append(f'<text x="16" y="{height - 12}" class="soft">{foot}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' role="img" aria-label="{escape(describe)}"><title>{escape(describe)}</title><style>{_STYLE}</style>'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _axis(bottom: float) -> str:
    lines = [
        f'<line x1="{_x(tick):.1f}" x2="{_x(tick):.1f}" y1="{HEAD - 8}" y2="{bottom}"'
        f' class="{"one" if tick == 1.0 else "grid"}"/>'
        f'<text x="{_x(tick):.1f}" y="{HEAD - 14}" text-anchor="middle" class="soft">x{tick:g}</text>'
        for tick in TICKS
    ]
    return "".join(lines)


def _row(override: Override, top: float) -> str:
    inner = ", ".join(f"{name}={value}" for name, value in sorted(override.scope_subset.items()))
    label = f"{override.pattern_key} {override.action_category}: {inner or 'everywhere'}"
    shown = label if len(label) <= 66 else f"{label[:65]}…"
    left, right = sorted((_x(1.0), _x(override.multiplier)))
    opacity = OPACITY_MIN + (1 - OPACITY_MIN) * max(0.0, min(1.0, override.confidence))
    figure = f"x{override.multiplier:.3g}, confidence {override.confidence:.0%}"
    return (
        f'<text x="16" y="{top + 15}"><title>{escape(label)}</title>{escape(shown)}</text>'
        f'<rect x="{left:.1f}" y="{top + 4}" width="{max(1.0, right - left):.1f}" height="{ROW - 8}"'
        f' class="{"up" if override.multiplier >= 1 else "down"}" opacity="{opacity:.2f}"/>'
        f'<text x="{WIDTH - VALUES + 8}" y="{top + 15}">{figure}</text>'
    )


def _log(multiplier: float) -> float:
    return math.log(max(TICKS[0], min(TICKS[-1], multiplier)))


def _x(multiplier: float) -> float:
    low, high = math.log(TICKS[0]), math.log(TICKS[-1])
    return LABELS + (_log(multiplier) - low) / (high - low) * (WIDTH - LABELS - VALUES)
