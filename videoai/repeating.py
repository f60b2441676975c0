"""Requests that the database failed are answered anew, as long as they have written nothing."""

import logging
from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse

from models_registry import transactions
from models_registry.transactions import Breakage
from models_registry.whole_pages import as_it_came
from videoai.api.problem import (
    database_failed,
    note_written,
    outcome_unknown,
    taken_breakage,
    taken_failure,
)

logger = logging.getLogger(__name__)

SERVER_ERROR = 500


class RepeatingMiddleware:
    """Close to the views, so that what stands outside, like the trail of refusals, sees one answer.

    What is read before a transaction, or instead of one, has nobody else who tries it again: transactions
    look after themselves. Whoever has written already, and then could not read what to answer, must not write
    again, nor be told that nothing came of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = transactions.done()
        restore = as_it_came(request)
        response = self.get_response(request)
        broken = _taken(request, response)
        if transactions.done().commits != before.commits:
            note_written(request)
            return outcome_unknown(request) if broken else response
        if broken is None or transactions.done().given_up != before.given_up:
            return response
        failure = taken_failure(request)
        if broken == Breakage.LOST:
            connection.close()
        restore()
        response = self.get_response(request)
        if response.status_code < SERVER_ERROR:
            logger.warning("A request was answered anew: %s (%s).", broken, failure)
        if transactions.done().commits != before.commits:
            note_written(request)
            return outcome_unknown(request) if _taken(request, response) else response
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """What Django REST framework has not seen; Django itself would log values along with it."""
        return database_failed(request, error) if transactions.breakage(error) else None


def _taken(request: HttpRequest, response: HttpResponse) -> Breakage | None:
    """What broke the answer; nothing if there is a good one, as from the primary when a replica broke."""
    broken = taken_breakage(request)
    return broken if response.status_code >= SERVER_ERROR else None
