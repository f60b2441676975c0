"""Requests that the database failed are answered anew, as long as they have written nothing."""

import logging
from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse

from models_registry import transactions
from models_registry.transactions import Breakage
from models_registry.whole_pages import as_it_came
from videoai.api.problem import database_failed, note_written, outcome_unknown, taken_breakage

logger = logging.getLogger(__name__)


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
        broken = taken_breakage(request)
        if transactions.done().commits != before.commits:
            note_written(request)
            return outcome_unknown(request) if broken else response
        if broken is None or transactions.done().given_up != before.given_up:
            return response
        logger.warning("The request is answered anew: %s.", broken)
        if broken == Breakage.LOST:
            connection.close()
        restore()
        response = self.get_response(request)
        if transactions.done().commits != before.commits:
            note_written(request)
            return outcome_unknown(request) if taken_breakage(request) else response
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """What Django REST framework has not seen; Django itself would log values along with it."""
        return database_failed(request, error) if transactions.breakage(error) else None
