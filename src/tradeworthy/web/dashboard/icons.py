"""Line icons of 24 by 24, as SVG paths."""

from __future__ import annotations

from typing import Final

from tradeworthy.web.dashboard.markup import Html

_PATHS: Final = {
    "overview": "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
    "pilot": "M12 3v3M12 18v3M3 12h3M18 12h3M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
    "strategies": "M4 19V9M10 19V5M16 19v-7M22 19H2",
    "trades": "M4 8h13l-3-3M20 16H7l3 3",
    "risk": "M12 3 4 6v6c0 4.5 3.3 7.7 8 9 4.7-1.3 8-4.5 8-9V6z",
    "learning": "M4 6.5C6.5 5 9.5 5 12 6.5v13c-2.5-1.5-5.5-1.5-8 0zM20 6.5c-2.5-1.5-5.5-1.5-8 0v13"
    "c2.5-1.5 5.5-1.5 8 0z",
    "proving": "M5 12.5l4.5 4.5L19 7",
    "trace": "M6 5h3a3 3 0 0 1 3 3v8a3 3 0 0 0 3 3h3M6 5a2 2 0 1 0-4 0 2 2 0 0 0 4 0z"
    "M22 19a2 2 0 1 0-4 0 2 2 0 0 0 4 0zM12 12h6",
    "system": "M4 5h16v6H4zM4 15h16v4H4zM7.5 8h.01M7.5 17h.01",
    "more": "M12 5.5v.01M12 12v.01M12 18.5v.01",
    "how": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.7 9.3a2.4 2.4 0 1 1 3.4 2.2c-.8.4-1.1.9-1.1 1.8M12 16.8h.01",
}


def icon(name: str) -> Html:
    """The icon of that name, hidden from screen readers: a word stands beside it."""
    return Html(f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{_PATHS[name]}"/></svg>')
