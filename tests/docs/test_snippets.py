"""The documentation is run: Python blocks are executed, console blocks are typed and compared."""

import os
import re
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.terminal import ROOT, Terminal, matches, recipes

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)\)")
SECOND = "second terminal"
"""The title of a block whose last command is left running."""

SHOWN_PORT = "5005"
"""Pages show the port that a reader gets; a test takes one that is free."""


def named(page: Path) -> str:
    """A page as people call it."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """The page's fenced blocks of a language, each with what stands behind the language's name."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(title, text) for kind, title, text in found if kind == language]


def steps(block: str) -> list[tuple[str, str]]:
    """A console block's commands, each with the output that is shown for it."""
    parts = re.split(r"^\$ (.*)$", block, flags=re.MULTILINE)[1:]
    return [(command, shown.strip("\n")) for command, shown in zip(parts[::2], parts[1::2], strict=True)]


def typed(command: str) -> str:
    """A page's command without what `make` would install first."""
    made = re.match(r"make (\S+)(.*)", command)
    return f"{recipes()[made[1]]}{made[2]}" if made else command


def free_port() -> str:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return str(listening.getsockname()[1])


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_python_blocks_run(page: Path) -> None:
    """A snippet that a reader copies works as it stands."""
    for _, block in blocks(page, "python"):
        exec(compile(block, named(page), "exec"), {"__name__": "snippet"})  # noqa: S102 - that is the test


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "console")], ids=named)
def test_console_blocks_print_what_they_show(page: Path, tmp_path: Path, home: Path) -> None:
    """A reader who types the commands in their order sees what the page shows."""
    for name in ("configs", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    port = free_port()
    environment = {**os.environ, "TRADEWORTHY_HOME": str(home), "TRADEWORTHY_WEB__PORT": port}
    log = tmp_path / "log"
    with ExitStack() as ending:
        lines = ending.enter_context(log.open("w", encoding="utf-8"))

        def opened() -> Terminal:
            terminal = Terminal(tmp_path, environment, lines)
            ending.callback(terminal.close)
            return terminal

        first = opened()
        for title, block in blocks(page, "console"):
            for command, shown in steps(block.replace(f":{SHOWN_PORT}", f":{port}")):
                if SECOND in title:
                    opened().leave_running(typed(command), shown)
                    continue
                code, printed = first.type(typed(command))
                assert code == 0, f"{command}: {log.read_text(encoding='utf-8')[-2000:]}"
                assert matches(shown, printed), f"{command} printed {printed}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file that is there."""
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
