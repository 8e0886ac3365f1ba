"""What a run on disk is: its header, its end, and the code that is here."""

from __future__ import annotations

from pathlib import Path

from tests.runtime.rig import desk, place
from tradeworthy.proving.run_on_disk import run_on_disk


def test_a_run_that_ended_has_the_figures_that_it_closed_with(tmp_path: Path) -> None:
    """P1: packets, digest and fingerprint are those of its closing line."""
    there = place(tmp_path, desk("one"))
    with there.opened() as life:
        life.finish(life.core.sequencer.now)
        life.conclude()
        figures = life.figures()
    found = run_on_disk(there.folder)
    assert found is not None
    assert found.end == figures
    assert found.snapshot == {"packets": figures["packets"], "digest": figures["digest"]}
    assert (found.header.run, found.deaths) == (figures["run"], 0)


def test_a_run_that_goes_on_has_no_end_and_a_segment_for_each_process(tmp_path: Path) -> None:
    """Lives are counted by what they left behind."""
    there = place(tmp_path, desk("one"))
    for _ in range(2):
        with there.opened():
            pass
    found = run_on_disk(there.folder)
    assert found is not None
    assert (found.end, found.segments) == (None, 2)


def test_a_folder_without_a_journal_is_no_run(tmp_path: Path) -> None:
    """Its rows may be kept; nothing else can be said of it."""
    assert run_on_disk(tmp_path / "gone") is None
