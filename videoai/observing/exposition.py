"""Numbers as Prometheus reads them."""

import platform
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import django
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from videoai.observing import catalogue
from videoai.observing.catalogue import Row
from videoai.observing.metrics import BOUNDS, METRICS, SUM, Kind, Metric, Numbers

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
BUILD = "videoai_build_info"
START = "videoai_start_time_seconds"


Encode = Callable[[CollectorRegistry], bytes]


class Form(NamedTuple):
    """How numbers are written."""

    content_type: str
    encode: Encode


PLAIN = Form(CONTENT_TYPE_LATEST, generate_latest)
OPEN_METRICS = Form(openmetrics.CONTENT_TYPE_LATEST, openmetrics.generate_latest)
# Whoever names no version takes any; of others there is none.
VERSIONS = {"", "1.0.0"}
REFUSED = re.compile(r"0(\.0*)?")


def accepts_open_metrics(accept: str) -> bool:
    """By name: whoever takes anything gets plain text. Prometheus' own reading fails at what is made up."""
    return any(_is_open_metrics(*map(str.strip, one.split(";"))) for one in accept.lower().split(","))


def _is_open_metrics(media_type: str, *parameters: str) -> bool:
    told = dict(one.split("=", 1) for one in parameters if "=" in one)
    is_taken = told.get("version", "") in VERSIONS and not REFUSED.fullmatch(told.get("q", "1"))
    return media_type == "application/openmetrics-text" and is_taken


def exposition(
    numbers: Numbers, rows: Iterable[Row], *, version: str, started: float, encode: Encode = PLAIN.encode
) -> bytes:
    """`numbers` of all processes, `rows` of the database, and what the server is, as `encode` writes it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told([*families(numbers, rows), *_own(version, started)]))
    return encode(registry)


def families(numbers: Numbers, rows: Iterable[Row]) -> Iterator[Family]:
    for metric in METRICS.values():
        found = {key[1:]: value for key, value in numbers.items() if key[0] == metric.name}
        if metric.kind is Kind.HISTOGRAM:
            yield _histogram(metric, found)
        else:
            yield _plain(metric, found.items())
    listed = list(rows)
    for metric in catalogue.METRICS.values():
        yield _plain(metric, [(labels, value) for name, labels, value in listed if name == metric.name])


class _Told(Collector):
    def __init__(self, told: list[Family]) -> None:
        self._told = told

    def collect(self) -> Iterable[Family]:
        return self._told


def _plain(metric: Metric, found: Iterable[tuple[tuple[str, ...], float]]) -> Family:
    make = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = make(metric.name, metric.told, labels=metric.labels)
    for labels, value in sorted(found):
        family.add_metric(labels, value)
    return family


def _histogram(metric: Metric, found: dict[tuple[str, ...], float]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(metric.name, metric.told, labels=metric.labels)
    for labels in sorted({key[:-1] for key in found}):
        total, buckets = 0.0, []
        for place, bound in enumerate([*map(str, BOUNDS), "+Inf"]):
            total += found.get((*labels, str(place)), 0)
            buckets.append((bound, total))
        family.add_metric(labels, buckets, sum_value=found.get((*labels, SUM), 0))
    return family


def _own(version: str, started: float) -> Iterator[Family]:
    build = GaugeMetricFamily(BUILD, "What is running.", labels=["version", "python", "django", "database"])
    build.add_metric([version, platform.python_version(), django.__version__, catalogue.database_engine()], 1)
    yield build
    yield GaugeMetricFamily(START, "When this server started, in seconds since 1970.", value=started)
