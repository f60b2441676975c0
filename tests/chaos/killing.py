"""The server's processes are killed in the middle, again and again, while sixteen writers record."""

import os
from collections.abc import Iterator
from importlib import import_module
from itertools import count, islice

import django

from tests.chaos.shown import Say, Shown
from tests.chaos.stage import DATABASE, folder, postgresql

MUST_SHOW = "every acknowledged one counted once"

RECORDINGS, KILLS = 10_000, 20
QUICK_RECORDINGS, QUICK_KILLS = 1_000, 3
TITLE, QUICK_TITLE = (
    f"{recordings:,} recordings, 16 writers, 2 processes, killed (−9) {kills} times"
    for recordings, kills in ((RECORDINGS, KILLS), (QUICK_RECORDINGS, QUICK_KILLS))
)
# Of all recordings; the last ones are acknowledged too fast to strike between them.
STRUCK = 0.85


def run(*, quick: bool, say: Say) -> Shown:
    recordings, kills = (QUICK_RECORDINGS, QUICK_KILLS) if quick else (RECORDINGS, KILLS)
    with folder() as place, postgresql(place) as primary:
        address = primary.url(DATABASE)
        os.environ.update(DATABASE_URL=address, DJANGO_SETTINGS_MODULE="videoai.settings")
        django.setup()
        whole = import_module("tests.storm.whole")
        whole.prepare()
        say(f"{recordings:,} recordings, {kills} kills …")
        strikes = _strikes(recordings, kills)
        told, faults = whole.storm(
            recordings, writers=16, workers=2, seed=1, database_url=address, strikes=strikes
        )
        import_module("django.db").connections.close_all()
    if told.kills != kills:
        faults.append(f"The server was killed {told.kills} times, not {kills}.")
    figures = (
        f"{told.acknowledged:,} acknowledged, {told.as_new:,} told as new; {told.kills} kills, "
        f"{told.retries:,} requests sent again"
    )
    return Shown(figures, faults)


def _strikes(recordings: int, kills: int) -> Iterator[object]:
    """One whenever so many more are acknowledged."""
    steps = (number * recordings * STRUCK / kills for number in count(1))
    for least in islice(steps, kills):
        yield lambda _, acknowledged, least=least: acknowledged >= least
