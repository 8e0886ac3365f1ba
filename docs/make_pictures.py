"""Makes docs/pictures from what the product really prints: `python docs/make_pictures.py`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURES = Path(__file__).parent / "pictures"
COMMAND = Path(sys.executable).with_name("tradeworthy")
SHOWN = [["demo"], ["why", "arbitrage"]]


def printed(words: list[str], home: str) -> str:
    """What the command prints on standard output."""
    done = subprocess.run(  # noqa: S603 - the product's own command
        [COMMAND, *words],
        env={**os.environ, "TRADEWORTHY_HOME": home},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.rstrip()


def main() -> None:
    """Run the commands in a home folder of their own, and draw what they print."""
    console = Console(record=True, width=112, file=Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    with tempfile.TemporaryDirectory() as home:
        for words in SHOWN:
            console.print(Text(f"$ tradeworthy {' '.join(words)}", style="bold green"))
            console.print(Text(printed(words, home)))
            console.print()
    PICTURES.mkdir(exist_ok=True)
    svg = console.export_svg(title="tradeworthy")
    # The page must not ask the network for fonts: those that the reader has will do.
    plain = re.sub(r"@font-face \{.*?\}|<!--.*?-->", "", svg, flags=re.DOTALL)
    (PICTURES / "demo.svg").write_text(plain, encoding="utf-8")


if __name__ == "__main__":
    main()
