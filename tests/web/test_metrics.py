"""Figures for Prometheus are those of the report, few enough for any number of trades, and what the panels ask for."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.web.conftest import Living
from tests.web.served import V1, Served

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "tradeworthy.json"
LABELS = {
    "version": 1,
    "outcome": 4,
    "desk": 20,
    "stage": 10,
    "quantile": 2,
    "route": 100,
    "status": 5,
}
"""The labels there may be, and how many values each may have."""


def scraped(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Samples by name."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_it_needs_a_token(finished: Served) -> None:
    """A7: figures of an account are not for anybody."""
    assert finished.stranger.get("/metrics").status_code == 401
    assert finished.client.get("/metrics").headers["content-type"].startswith("text/plain; version=")


def test_the_figures_are_those_of_the_report(finished: Served) -> None:
    """A6: trades, wins, P&L, equity and verdicts of the run that is shown."""
    found = scraped(finished.client.get("/metrics").text)
    run = finished.said("status")["run"]
    shown = finished.said(f"runs/{run}")
    report = shown["report"]
    for name, value in (
        ("trades_closed", report["closed_trades"]),
        ("trades_won", report["wins"]),
        ("realised_pnl", Decimal(report["realized_pnl"])),
        ("equity", Decimal(shown["equity"])),
        ("open_positions", report["open_trades"]),
        ("session_running", 0),
        ("halted", 0),
        ("database_up", 1),
        ("up", 1),
    ):
        assert found[f"tradeworthy_{name}"] == [({}, float(value))], name
    verdicts = {labels["outcome"]: value for labels, value in found["tradeworthy_verdicts_total"]}
    told = {row["outcome"].lower(): 0 for row in report["verdicts"]}
    for row in report["verdicts"]:
        told[row["outcome"].lower()] += row["count"]
    assert {name: value for name, value in verdicts.items() if value} == told


def test_a_living_session_gives_its_own_figures(living: Living) -> None:
    """Inputs, packets, pulse, lag, and how long it takes: from the session that runs."""
    found = scraped(living.client.get("/metrics").text)
    assert found["tradeworthy_session_running"] == [({}, 1.0)]
    assert found["tradeworthy_pulse_live"] == [({}, 1.0)]
    assert found["tradeworthy_journal_inputs_total"][0][1] > 0
    assert found["tradeworthy_packets_total"][0][1] >= found["tradeworthy_journal_inputs_total"][0][1]
    assert 0 <= found["tradeworthy_pulse_age_seconds"][0][1] < 15
    assert found["tradeworthy_rows_lag_packets"][0][1] >= 0
    stages = {labels["stage"] for labels, _ in found["tradeworthy_latency_seconds"]}
    assert stages <= {"feed", "decide", "durable"}
    assert "decide" in stages
    for stage in stages:
        shown = {
            labels["quantile"]: value
            for labels, value in found["tradeworthy_latency_seconds"]
            if labels["stage"] == stage
        }
        assert 0 <= shown["0.5"] <= shown["0.99"]


def test_there_are_few_series_however_much_is_asked(finished: Served) -> None:
    """No label has a value of its own for a trade, a path, or a stranger's fancy."""
    before = len(finished.client.get("/metrics").text.splitlines())
    for number in range(100):
        finished.client.get(f"/api/v1/nix-{number}")
        finished.client.get(f"/static/nix-{number}.css")
        finished.client.get(f"/nix-{number}", headers={"Accept": "text/html"})
        finished.client.get(f"/api/v1/traces/{number}-x")
        finished.client.get("/health", headers={"Host": f"nix-{number}.org"})
    text = finished.client.get("/metrics").text
    assert "nix-" not in text
    assert len(text.splitlines()) < before + 20
    for name, samples in scraped(text).items():
        for label in {label for labels, _ in samples for label in labels}:
            assert label in LABELS, f"{name} has the label {label}"
            assert len({labels[label] for labels, _ in samples}) <= LABELS[label]


def test_requests_are_counted_by_route_and_class(finished: Served) -> None:
    """A refusal is counted with what it was asked of, if that is known."""

    def counted() -> dict[tuple[str, str], float]:
        found = scraped(finished.client.get("/metrics").text)["tradeworthy_http_requests_total"]
        return {(labels["route"], labels["status"]): value for labels, value in found}

    finished.said("orders")
    before = counted()
    finished.said("orders")
    finished.error("orders", 422, limit=0)
    finished.error(f"runs/{'x' * 50}", 404)
    finished.stranger.get(f"{V1}/orders")
    after = counted()
    grown = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
    assert grown[f"{V1}/orders", "2xx"] == 1
    assert grown[f"{V1}/orders", "4xx"] == 1
    assert grown[f"{V1}/runs/{{run}}", "4xx"] == 1
    assert grown["none", "4xx"] == 1


def panels() -> list[dict[str, Any]]:
    """The dashboard's panels that draw something."""
    found = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [panel for panel in found["panels"] if panel["type"] != "row"]


def test_every_panel_asks_for_what_there_is(living: Living) -> None:
    """A7: an expression of the Grafana dashboard that names a metric which nobody gives would stay empty."""
    given = set(scraped(living.client.get("/metrics").text))
    asked = set()
    for panel in panels():
        for target in panel["targets"]:
            named = set(re.findall(r"\btradeworthy_\w+", target["expr"]))
            assert named, target["expr"]
            asked |= named
    assert asked <= given | {"tradeworthy_faults_total"}
    assert given - asked <= {"tradeworthy_info", "tradeworthy_latency_samples", "tradeworthy_session_answers"}


def test_panels_have_a_title_a_unit_and_a_place_of_their_own() -> None:
    """Nobody has to guess what a curve counts."""
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        assert panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_the_example_for_prometheus_shows_a_token_from_a_file() -> None:
    """No token stands in it."""
    text = (DEPLOY / "prometheus.yml").read_text(encoding="utf-8")
    assert "credentials_file:" in text
    assert "metrics_path: /metrics" in text
    assert not re.search(r"tw_[0-9a-f]{8}", text)


@pytest.mark.parametrize("name", ["equity", "cash", "drawdown_ratio", "halted", "faults", "verdicts"])
def test_every_family_says_what_it_is(finished: Served, name: str) -> None:
    """HELP and TYPE stand before the samples."""
    text = finished.client.get("/metrics").text
    assert re.search(rf"^# HELP tradeworthy_{name}(_total)? \S", text, re.MULTILINE)
