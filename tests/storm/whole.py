"""A storm from its beginning to the last count, on the database that Django is connected to."""

from collections.abc import Iterable
from io import StringIO

from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from tests.factories import AIModelFactory, service_token
from tests.server import Server
from tests.storm.counting import disagreements
from tests.storm.planning import plan
from tests.storm.raging import Due, Told, rage

MODELS = 4


def prepare() -> None:
    call_command("migrate", verbosity=0)


def storm(
    recordings: int,
    *,
    writers: int,
    workers: int,
    seed: int,
    database_url: str,
    strikes: Iterable[Due],
) -> tuple[Told, list[str]]:
    """What the writers were told, and whatever does not agree with it."""
    model_ids = [AIModelFactory().model_id for _ in range(MODELS)]
    token = service_token("usage:write").text
    until = timezone.now().replace(microsecond=0)
    planned = plan(recordings, writers=writers, model_ids=model_ids, until=until, seed=seed)
    connection.close()
    told = rage(planned, Server(database_url, workers=workers), token, strikes=strikes)
    faults = [*told.faults[:10], *disagreements(planned), *_findings()]
    if told.acknowledged != planned.recordings:
        faults.append(f"{told.acknowledged} of {planned.recordings} recordings were acknowledged.")
    if told.as_new > len(planned.items):
        faults.append(f"{told.as_new} were told to be new, of {len(planned.items)} generations.")
    return told, faults


def _findings() -> list[str]:
    """What `verify_usage` has to say."""
    out = StringIO()
    try:
        call_command("verify_usage", stdout=out, stderr=out)
    except CommandError as error:
        return [*out.getvalue().splitlines(), str(error)]
    return []
