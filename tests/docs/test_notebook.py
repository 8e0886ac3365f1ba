"""The example notebook."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cli.command_line import call
from tests.docs.terminal import ROOT

NOTEBOOK = ROOT / "examples" / "look_at_a_run.ipynb"
EXECUTE = """
import sys
import nbclient, nbformat
from jupyter_client.manager import AsyncKernelManager

source, made, kernel = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
manager = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=kernel)
nbclient.NotebookClient(notebook, km=manager, timeout=90).execute()
nbformat.write(notebook, made)
"""
"""In a process of its own: the kernel's client leaves sockets to the garbage collector, which warns of them."""


def outputs(notebook: Path) -> list[dict[str, Any]]:
    """What the cells of a notebook show."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [output for cell in cells for output in cell.get("outputs", [])]


def test_the_notebook_is_kept_without_its_outputs() -> None:
    """What a run came to on one machine is no part of the repository."""
    assert outputs(NOTEBOOK) == []


def test_the_notebook_shows_a_run(home: Path, tmp_path: Path) -> None:
    """Executed over the records of a short pilot, it draws the equity and counts the verdicts."""
    pilot = call("pilot", "--duration", "300")
    assert pilot.code == 0, pilot.err
    made = tmp_path / "made.ipynb"
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, NOTEBOOK, made, home / "kernel"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = ["".join(one["data"].get("text/html", "")) for one in outputs(made) if "data" in one]
    assert any("<svg" in one for one in shown)
    assert any("SKIPPED" in one for one in shown)
