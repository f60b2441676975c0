"""What only the database can tell, read when somebody asks for metrics; within a bound of time."""

import logging
import shutil
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from django.db import Error, close_old_connections, connection, connections
from django.utils import timezone

from models_registry.audit.models import AuditHead
from models_registry.choices import Status
from models_registry.errors import CatalogueError
from models_registry.models import AIModel, CatalogueRevision
from pricing.gaps import gaps_of
from pricing.price_book import read_book_with_or_without_policy
from pricing.schedule.models import ScheduledChange
from pricing.upstream.models import HeldPrice
from videoai.observing.metrics import Kind, Metric
from videoai.observing.queries import note_error

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.0
GAUGE = Kind.GAUGE

UP = "videoai_database_up"
METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            UP, "1 if the database told what follows; 0 if it did not answer, and nothing follows.", GAUGE
        ),
        Metric("videoai_catalogue_revision", "The number of the catalogue's last change.", GAUGE),
        Metric("videoai_models", "Models by status.", GAUGE, ("status",)),
        Metric("videoai_default_models", "Default models: 1, or 0 while none is active.", GAUGE),
        Metric("videoai_models_without_price", "Models on sale of which some quality has no price.", GAUGE),
        Metric("videoai_audit_last_number", "The number of the last audit entry.", GAUGE, ("book",)),
        Metric("videoai_scheduled_changes_overdue", "Scheduled changes whose moment has passed.", GAUGE),
        Metric("videoai_database_disk_free_bytes", "Room on the disk that the SQLite database is on.", GAUGE),
        Metric("videoai_held_prices", "Prices of lists that wait for somebody to decide.", GAUGE),
    )
}

Row = tuple[str, tuple[str, ...], float]  # name, values of labels, value


class Standing(NamedTuple):
    """The catalogue as it stood at a revision; it is read anew only when that has moved."""

    revision: tuple[str, int]
    rows: list[Row]


@dataclass
class CatalogueReader:
    """Reads in a thread of its own, so that a database that hangs keeps nobody waiting for long."""

    patience: float = PATIENCE_SECONDS
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "catalogue"))
    _lock: Lock = field(default_factory=Lock)
    _under_way: "Future[list[Row]] | None" = None
    _standing: Standing | None = None

    def rows(self) -> list[Row]:
        """Never fails: a database that does not answer in time is not up."""
        with self._lock:
            if self._under_way is None or self._under_way.done():
                self._under_way = self._thread.submit(self._apart)
            under_way = self._under_way
        try:
            return under_way.result(self.patience)
        except TooLate:
            return [(UP, (), 0)]

    def _apart(self) -> list[Row]:
        close_old_connections()
        try:
            return self.read()
        finally:
            # A scrape comes every few seconds at most: it need not keep a connection.
            connections.close_all()

    def read(self) -> list[Row]:
        """Four queries; about ten once the catalogue has changed."""
        try:
            return [(UP, (), 1), *self._current()]
        except Error as error:
            note_error(error)
            logger.warning("Metrics of the catalogue can't be read: %s", type(error).__name__)
            return [(UP, (), 0)]

    def _current(self) -> list[Row]:
        revision = CatalogueRevision.objects.values_list("epoch", "revision").filter(pk=1).first() or ("", 0)
        if self._standing is None or self._standing.revision != revision:
            self._standing = Standing(revision, _standing())
        return [
            ("videoai_catalogue_revision", (), revision[1]),
            *self._standing.rows,
            *_moving(),
        ]


def _standing() -> list[Row]:
    """What moves with the catalogue alone."""
    models = AIModel.objects.defer("description", "model_parameters", "requirements")
    rows: list[Row] = []
    try:
        book = read_book_with_or_without_policy(models)
    except CatalogueError:
        found: Sequence[AIModel] = list(
            models
        )  # it changes faster than it is read: prices are told another time
    else:
        found = book.models
        sold = [model for model in found if model.is_active]
        unpriced = sum(1 for model in sold if book.policy is None or gaps_of(model, book).unpriced)
        rows.append(("videoai_models_without_price", (), unpriced))
    statuses = Counter(model.status for model in found)
    rows += [("videoai_models", (status.value,), statuses[status]) for status in Status]
    rows.append(("videoai_default_models", (), sum(model.is_default for model in found)))
    return rows


def _moving() -> list[Row]:
    """What moves by itself."""
    heads = AuditHead.objects.values_list("book", "number")
    overdue = ScheduledChange.objects.pending().filter(effective_from__lte=timezone.now()).count()
    return [
        *(("videoai_audit_last_number", (book,), number) for book, number in heads),
        ("videoai_scheduled_changes_overdue", (), overdue),
        ("videoai_held_prices", (), HeldPrice.objects.waiting().count()),
        *_disk(),
    ]


def _disk() -> list[Row]:
    """PostgreSQL's disk is watched where that runs."""
    if connection.vendor != "sqlite":
        return []
    with suppress(OSError):  # a database in memory
        folder = Path(connection.settings_dict["NAME"]).parent
        return [("videoai_database_disk_free_bytes", (), shutil.disk_usage(folder).free)]
    return []


reader = CatalogueReader()


def database_engine() -> str:
    return str(connection.vendor)
