"""Do keys and generations agree, and is each generation one that could have been recorded?"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from models_registry.usage import sketch
from models_registry.usage.months import in_reach, moment
from models_registry.usage.periods import Grain
from models_registry.usage.reports import Report
from models_registry.usage.sums import Scope
from models_registry.values import shown

ROWS_AT_ONCE = 2_000
CONTENT = (*Report._fields[1:10], "price_row")  # what fingerprints are of

# A bucket holds the times above γ^(b−1) minutes, up to γ^b; the margin is for how logarithms are rounded.
_MISFIT = (
    f"CASE WHEN microseconds = 0 THEN bucket <> {sketch.NO_TIME} "
    f"ELSE abs(ln(CAST(microseconds AS double precision) / {sketch.MINUTE}) / {sketch.LOG_GAMMA!r}"
    " - bucket + 0.5) > 0.500001 END"
)


def generations_without_key(scope: Scope) -> Iterator[str]:
    within = scope.where("generations.finished_at")
    sql = (
        "SELECT generations.generation_id, generations.finished_at, "
        "CAST(generation_keys.finished_at AS text) "
        "FROM generations LEFT JOIN generation_keys USING (generation_id) "
        f"WHERE {within.sql} AND (generation_keys.finished_at IS NULL "
        "OR generation_keys.finished_at <> generations.finished_at) "
        "ORDER BY generations.finished_at, generations.generation_id"
    )
    for generation_id, finished_at, by_key in _rows(sql, within.params):
        name = _name(generation_id, finished_at)
        if by_key is None:
            yield f"{name}: it has no key, and should have one"
        else:
            yield f"{name}: its key says that it finished {_time(by_key)}"


def keys_without_generation(*, since: datetime | None, until: datetime | None) -> Iterator[str]:
    """Of all models: a key does not say which one it is of. Reads all keys once; times have no index."""
    bounds = [("finished_at >= %s", since), ("finished_at < %s", until)]
    within = " AND ".join(["true", *(f"generation_keys.{sql}" for sql, bound in bounds if bound)])
    params = [connection.ops.adapt_datetimefield_value(bound) for _, bound in bounds if bound]
    sql = (
        # As text, because PostgreSQL knows times that Python does not.
        "SELECT generation_id, CAST(finished_at AS text) FROM generation_keys WHERE NOT EXISTS ("
        "SELECT 1 FROM generations WHERE generations.finished_at = generation_keys.finished_at "
        f"AND generations.generation_id = generation_keys.generation_id) AND {within} "
        "ORDER BY generation_keys.finished_at, generation_id"
    )
    for generation_id, finished_at in _rows(sql, params):
        yield f"{_name(generation_id, finished_at)}: there is its key, but no generation"


def impossible_generations(scope: Scope) -> Iterator[str]:
    """Those of models that aren't there, and those whose time lies in another bucket of the sketch."""
    within = scope.where("finished_at")
    sql = (
        "SELECT generation_id, finished_at, microseconds, bucket, model_id, known.id IS NULL "
        f"FROM generations LEFT JOIN (SELECT id FROM models) AS known ON known.id = model_id "
        f"WHERE {within.sql} AND (known.id IS NULL OR {_MISFIT}) ORDER BY finished_at, generation_id"
    )
    for generation_id, finished_at, microseconds, bucket, model, lost in _rows(sql, within.params):
        name = _name(generation_id, finished_at)
        if lost:
            yield f"{name}: it is of a model that isn't there ({model})"
        right = sketch.bucket_of(microseconds)
        if bucket != right:
            yield f"{name}: bucket is {bucket} and should be {right}"


def changed_generations(scope: Scope) -> Iterator[str]:
    """Those that are not what their key's fingerprint says; each is read, and its fingerprint made anew."""
    day = scope.start
    while day < scope.end:  # as many rows at a time as the memory is sure to hold
        yield from _changed(scope._replace(start=day, end=Grain.DAY.after(day)))
        day = Grain.DAY.after(day)


def _changed(scope: Scope) -> Iterator[str]:
    within = scope.where("finished_at")
    content = ", ".join("model_id" if name == "model" else name for name in CONTENT)
    # Key by key: joining, for a day at a time, would read all keys each time.
    key = "SELECT fingerprint FROM generation_keys WHERE generation_id = generations.generation_id"
    sql = (
        f"SELECT generation_id, finished_at, ({key}), {content} FROM generations WHERE {within.sql} "
        f"AND {in_reach(connection, 'finished_at')} ORDER BY finished_at, generation_id"
    )
    for generation_id, finished_at, fingerprint, model, success, *others, row in _rows(sql, within.params):
        content_now = (model, bool(success), *others)
        report = Report._make((generation_id, *content_now, finished_at, True, 0, row))
        if fingerprint not in {None, report.fingerprint}:
            yield f"{_name(generation_id, finished_at)}: it was changed, its key has another fingerprint"


def _rows(sql: str, params: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


def _name(generation_id: str, finished_at: Any) -> str:
    return f"generation {shown(generation_id)}, finished {_time(finished_at)}"


def _time(stored: Any) -> str:
    try:
        return moment(stored).isoformat().replace("+00:00", "Z")
    except (ValueError, TypeError):
        return shown(stored)
