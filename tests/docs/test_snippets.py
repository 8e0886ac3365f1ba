"""The documentation is run: Python blocks are executed, console blocks are typed and compared."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)\)")
COMMAND = Path(sys.executable).with_name("tradeworthy")


def named(page: Path) -> str:
    """A page as people call it."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    """The page's fenced blocks of a language."""
    return [text for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


def steps(block: str) -> list[tuple[str, str]]:
    """A console block's commands, each with the output that is shown for it."""
    parts = re.split(r"^\$ (.*)$", block, flags=re.MULTILINE)[1:]
    return [(command, shown.strip("\n")) for command, shown in zip(parts[::2], parts[1::2], strict=True)]


def matches(shown: str, printed: str) -> bool:
    """Whether `printed` holds what is shown, where `...` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in shown.split("..."))
    return re.search(pattern, printed, re.DOTALL) is not None


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_python_blocks_run(page: Path) -> None:
    """A snippet that a reader copies works as it stands."""
    for block in blocks(page, "python"):
        exec(compile(block, named(page), "exec"), {"__name__": "snippet"})  # noqa: S102 - that is the test


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "console")], ids=named)
def test_console_blocks_print_what_they_show(page: Path, tmp_path: Path, home: Path) -> None:
    """A reader who types the commands in their order sees what the page shows."""
    for name in ("configs", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    environment = {**os.environ, "TRADEWORTHY_HOME": str(home)}
    for block in blocks(page, "console"):
        for command, shown in steps(block):
            verb, *words = shlex.split(command)
            assert verb == "tradeworthy"
            done = subprocess.run(
                [COMMAND, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{command}: {done.stderr}"
            assert matches(shown, done.stdout), f"{command} printed {done.stdout}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file that is there."""
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
