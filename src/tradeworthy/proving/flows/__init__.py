"""Flow tests: packets put into running sessions, and where each of them was lost (specs/uptrend.md 24)."""
