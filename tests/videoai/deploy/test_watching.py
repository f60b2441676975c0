"""Dashboard and alerts ask for nothing that there is not; Prometheus agrees, where it is installed."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from videoai.observing import catalogue, exposition, metrics

FOLDER = Path(settings.BASE_DIR) / "videoai" / "deploy" / "watching"
NAME = re.compile(r"\bvideoai_[a-z_]+")
SELECTOR = re.compile(r"(videoai_[a-z_]+)\{([^}]*)\}")
GROUPED = re.compile(r"by \(([^)]*)\)")
# What Prometheus adds to every sample, and a histogram to its own.
OWN_LABELS = {"job", "instance", "le"}

LABELS: dict[str, tuple[str, ...]] = {
    **{metric.name: metric.labels for metric in (metrics.METRICS | catalogue.METRICS).values()},
    exposition.BUILD: ("version", "python", "django", "database"),
    exposition.START: (),
    f"{metrics.DURATION}_bucket": ("route",),
    f"{metrics.DURATION}_count": ("route",),
    f"{metrics.DURATION}_sum": ("route",),
}


def values_of(node: Any, key: str) -> Iterator[str]:
    """All texts under `key`, however deep."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key and isinstance(value, str):
                yield value
            else:
                yield from values_of(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from values_of(value, key)


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
    return found


def alerts() -> list[str]:
    """The expressions of the rules: what follows `expr:`, until the next key."""
    text = (FOLDER / "alerts.yml").read_text()
    return [" ".join(found.split()) for found in re.findall(r"expr:(?: >-)?(.*?)\n\s+for:", text, re.DOTALL)]


def expressions() -> list[str]:
    told = [*values_of(dashboard(), "expr"), *alerts()]
    return [*told, *(one for one in values_of(dashboard(), "query") if "videoai_" in one)]


@pytest.mark.parametrize("expression", expressions())
def test_every_expression_asks_for_what_there_is(expression):
    assert set(NAME.findall(expression)) <= LABELS.keys()
    for name, labels in SELECTOR.findall(expression):
        assert {one.split("=")[0].rstrip("!").strip() for one in labels.split(",")} <= {
            *LABELS[name],
            *OWN_LABELS,
        }
    known = {label for name in NAME.findall(expression) for label in LABELS[name]} | OWN_LABELS
    for labels in GROUPED.findall(expression):
        assert {one.strip() for one in labels.split(",")} <= known


def test_all_that_is_counted_is_shown():
    shown = {name.removesuffix("_bucket") for one in expressions() for name in NAME.findall(one)}

    assert (metrics.METRICS | catalogue.METRICS).keys() - shown <= {"videoai_edge_cache_entries"}


def test_the_dashboard_is_of_any_prometheus():
    told = dashboard()

    assert [one["name"] for one in told["templating"]["list"]] == ["datasource", "job", "instance"]
    assert set(values_of(told, "uid")) == {"videoai-models", "${datasource}"}
    assert len({panel["id"] for panel in told["panels"]}) == len(told["panels"])


def test_every_alert_says_how_bad_it_is_and_what_to_do():
    rules = (FOLDER / "alerts.yml").read_text().split("- alert: ")[1:]

    assert len(rules) == len(alerts()) >= 10
    for rule in rules:
        assert re.search(r"\n +for: \d+[mhd]\n", rule), rule
        assert re.search(r"severity: (critical|warning|info)", rule), rule
        assert "summary:" in rule
        assert "description:" in rule


def promtool(*words: str) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    told = subprocess.run([tool, *words], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def test_prometheus_takes_the_example():
    promtool("check", "config", "prometheus.yml")


def test_alerts_fire_when_they_should_and_only_then():
    promtool("test", "rules", "alerts.test.yml")


def test_prometheus_likes_what_it_reads():
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    rows = [(name, ("x",) * len(metric.labels), 1.0) for name, metric in catalogue.METRICS.items()]
    numbers = {(name, *("x",) * len(metric.labels)): 1.0 for name, metric in metrics.METRICS.items()}
    text = exposition.exposition(numbers, rows, version="1", started=1.0)

    told = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, check=False)

    assert told.returncode == 0, told.stdout + told.stderr
