"""What must hold in the database at DATABASE_URL, whatever broke: `python -m tests.chaos.checking`.

Reads as JSON what was sent to be written, and tells as JSON what does not hold.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import import_module

import django

import tests.environment  # noqa: F401 - sets what the settings insist on
from tests.chaos.writes import CHANGES, GENERATIONS, QUOTES

MOST_TOLD = 5

Sent = Sequence[tuple[str, list[str], bool]]


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "videoai.settings"
    django.setup()
    json.dump(findings(json.load(sys.stdin)), sys.stdout)


def findings(sent: Sent) -> list[str]:
    return [*_default(), *_usage(), *_trail(), *_generations(sent), *_changes(sent), *_quotes(sent)]


def _default() -> Iterator[str]:
    models = import_module("models_registry.models").AIModel.objects
    defaults = list(models.filter(is_default=True).values_list("model_id", "is_active"))
    if [is_active for _, is_active in defaults] != [True]:
        yield f"not one active default model, but {defaults}"


def _usage() -> Iterator[str]:
    verification = import_module("models_registry.usage.verifying").Verification(deep=True)
    yield from _some("usage", list(verification.findings()))


def _trail() -> Iterator[str]:
    verification = import_module("models_registry.audit.verifying").Verification()
    yield from _some("audit trail", [finding.text for finding in verification.findings()])


def _generations(sent: Sent) -> Iterator[str]:
    usage = import_module("models_registry.usage.models")
    there = set(usage.Generation.objects.values_list("generation_id", flat=True))
    ours = {name for kind, names, _ in sent if kind == GENERATIONS for name in names}
    yield from _some("generations that nobody sent", sorted(there - ours))
    for kind, names, acknowledged in sent:
        found = there.intersection(names)
        if kind == GENERATIONS and acknowledged and len(found) < len(names):
            yield f"acknowledged generations that are missing: {sorted(set(names) - found)[:MOST_TOLD]}"
        elif kind == GENERATIONS and 0 < len(found) < len(names):
            yield f"half a batch: {len(found)} of {len(names)} generations, from {names[0]} on"


def _changes(sent: Sent) -> Iterator[str]:
    """Each acknowledged change has its entry, and none has two.

    That rows and entries agree, the trail tells.
    """
    entries = import_module("models_registry.audit.models").AuditEntry.objects
    number = Counter(entries.exclude(reason="").values_list("reason", flat=True))
    for kind, names, acknowledged in sent:
        for name in names if kind == CHANGES else ():
            if number[name] > 1 or (acknowledged and not number[name]):
                said = "acknowledged" if acknowledged else "not acknowledged"
                yield f"{name}, a change that was {said}, has {number[name]} entries in the trail"


def _quotes(sent: Sent) -> Iterator[str]:
    quotes = import_module("pricing.quotes.models").HeldQuote.objects
    there = set(quotes.values_list("pk", flat=True))
    given = (names for kind, names, acknowledged in sent if kind == QUOTES and acknowledged)
    missing = {name for names in given for name in names} - there
    yield from _some("quotes that were given and are missing", sorted(missing))


def _some(what: str, found: Sequence[str]) -> Iterator[str]:
    if found:
        yield f"{what}: {len(found)}: {'; '.join(found[:MOST_TOLD])}"


if __name__ == "__main__":
    main()
