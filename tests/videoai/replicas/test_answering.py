"""What may be read from a replica, and what becomes of a read that fails there."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError, transaction
from django.http import Http404, HttpResponse
from django.urls import URLPattern, get_resolver

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from models_registry.replicable import Replicable
from models_registry.transactions import ConnectionBroken
from models_registry.usage.models import UsageRollup
from pricing.models import Rate
from videoai.access.models import ServiceToken
from videoai.api.problem import note_breakage, taken_breakage
from videoai.replicas import answering
from videoai.replicas.middleware import ReplicaMiddleware
from videoai.replicas.reading import current, note_failure, reading
from videoai.replicas.router import Router
from videoai.replicas.standing import Standing

REPLICA = "replica_1"
EVERYTHING = (UsageRollup, AuditEntry, AIModel, Rate, ServiceToken, Session, User)


def read_from_replica(what):
    with reading(what, REPLICA):
        return {model for model in EVERYTHING if Router().db_for_read(model) == REPLICA}


@pytest.mark.django_db(transaction=True)
class TestRouting:
    @pytest.mark.parametrize(
        ("what", "tables"),
        [
            (Replicable.FIGURES, {UsageRollup}),
            (Replicable.TRAIL, {AuditEntry}),
            (Replicable.CATALOGUE, {AIModel, Rate, UsageRollup}),
        ],
    )
    def test_each_kind_of_read_leaves_the_primary_with_its_own_tables_alone(self, what, tables):
        assert read_from_replica(what) == tables

    def test_what_nobody_declared_never_leaves_it(self):
        assert {Router().db_for_read(model) for model in EVERYTHING} == {"default"}

    def test_nor_does_what_is_read_within_a_transaction(self):
        with transaction.atomic():
            assert read_from_replica(Replicable.CATALOGUE) == set()

    def test_nor_a_write(self):
        with reading(Replicable.CATALOGUE, REPLICA):
            assert {Router().db_for_write(model) for model in EVERYTHING} == {"default"}


def patterns(urls, before=""):
    for one in urls:
        address = f"{before}{one.pattern}"
        if isinstance(one, URLPattern):
            yield address, one.callback
        else:
            yield from patterns(one.url_patterns, address)


HISTORIES = {
    "admin/audit/auditentry/",
    "admin/models/<path:object_id>/history/",
    "admin/models_registry/qualitytier/<path:object_id>/history/",
    "admin/pricing/pricingpolicy/<path:object_id>/history/",
    "admin/pricing/rate/<path:object_id>/history/",
    "admin/pricing/upstreammodel/<path:object_id>/history/",
    "admin/pricing_upstream/heldprice/<path:object_id>/history/",
    "api/v1/models/<any_text:model_id>/history/",
}
FIGURES = {"admin/usage/", "admin/models/<path:object_id>/usage/", "api/v1/usage/summary/"}


def test_only_these_views_declare_it():
    """The catalogue, quotes and the stats of models are promised to be of this very moment."""
    declared = {
        address: getattr(getattr(view, "cls", view), "replicable", None)
        for address, view in patterns(get_resolver().url_patterns)
    }

    assert {address: what for address, what in declared.items() if what is not None} == {
        **dict.fromkeys(HISTORIES, Replicable.TRAIL),
        **dict.fromkeys(FIGURES, Replicable.FIGURES),
    }


class Connection:
    def __init__(self, *, is_usable: bool) -> None:
        self.is_usable = lambda: is_usable
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


class TestFailing:
    @pytest.fixture
    def replica(self, monkeypatch, settings):
        standing = Standing(REPLICA, most_lag=30)
        settings.DATABASE_ROUTERS = ["videoai.replicas.router.Router"]
        monkeypatch.setattr(answering, "watch", SimpleNamespace(pick=lambda: standing))
        self.use(monkeypatch, Connection(is_usable=True))
        return standing

    def use(self, monkeypatch, connection):
        monkeypatch.setattr(answering, "connections", {REPLICA: connection})

    @staticmethod
    def work():
        """As a view does that tells of the error by itself."""
        if current() is None:
            return "from the primary"
        note_failure(REPLICA, OperationalError("canceling statement due to conflict with recovery"))
        return "a problem"

    def test_it_is_read_again_from_the_primary_whoever_answered_for_the_error(self, replica):
        assert answering.from_replica(Replicable.FIGURES, self.work) == "from the primary"

    def test_also_when_the_error_came_through(self, replica):
        def work():
            told = self.work()
            if current() is not None:
                raise OperationalError
            return told

        assert answering.from_replica(Replicable.FIGURES, work) == "from the primary"

    def test_a_mistake_of_the_request_is_not_made_twice(self, replica):
        asked = []

        def work():
            asked.append(current())
            raise Http404

        with pytest.raises(Http404):
            answering.from_replica(Replicable.FIGURES, work)

        assert len(asked) == 1

    def test_a_read_that_was_cancelled_leaves_the_replica_in_use(self, replica):
        before = replica.trouble()

        answering.from_replica(Replicable.FIGURES, self.work)

        assert replica.trouble() == before

    def test_a_lost_connection_does_not(self, replica, monkeypatch):
        connection = Connection(is_usable=False)
        self.use(monkeypatch, connection)

        answering.from_replica(Replicable.FIGURES, self.work)

        assert "does not answer" in replica.trouble()
        assert connection.is_closed

    def test_django_asks_the_view_once_more_when_the_replica_fails_and_nobody_twice(self, replica, rf):
        """Whoever answered for the error has left on the request that the database failed it."""

        def view(request):
            if current() is not None:
                note_failure(REPLICA, OperationalError())
                note_breakage(request, ConnectionBroken())
            return HttpResponse()

        view.replicable = Replicable.FIGURES
        request = rf.get("/")

        assert ReplicaMiddleware(view).process_view(request, view, (), {}) is None
        assert taken_breakage(request) is None

    def test_what_goes_well_there_is_the_answer(self, replica, rf):
        def view(request):
            return HttpResponse("from the primary" if current() is None else "from the replica")

        view.replicable = Replicable.FIGURES
        answer = ReplicaMiddleware(view).process_view(rf.get("/"), view, (), {})

        assert answer.content == b"from the replica"

    def test_without_replicas_nothing_is_asked(self, monkeypatch):
        monkeypatch.setattr(answering, "watch", None)

        assert answering.from_replica(Replicable.FIGURES, self.work) == "from the primary"
