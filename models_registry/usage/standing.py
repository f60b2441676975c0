"""What ids stand for, once they are claimed; and which report of each counts, where a price was agreed on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from models_registry.usage import statements
from models_registry.usage.agreements import Agreement
from models_registry.usage.errors import AgreedOtherwise, GenerationConflict
from models_registry.usage.reports import Report


class Stored(NamedTuple):
    """What is known of an id."""

    fingerprint: int
    finished_at: datetime
    first: Report | None  # the one that was recorded just now, as it was sent
    agreement: Agreement | None = None

    def standing(self, report: Report) -> "Standing":
        """What `report` counts as. Raises GenerationConflict."""
        written = self.written(report)
        is_new = self.first is report
        if not is_new and not self.is_of(written):
            raise GenerationConflict(report.generation_id)
        return Standing(written, self.finished_at, is_new)

    def written(self, report: Report) -> Report:
        """`report` at the price that was agreed on, if one was. Raises AgreedOtherwise."""
        return self.agreement.price(report) if self.agreement else report

    def is_of(self, report: Report) -> bool:
        """Does `report` say the same? Who does not say when it finished contradicts nobody."""
        same_time = not report.said_when or report.finished_at == self.finished_at
        return same_time and report.fingerprint == self.fingerprint


class Standing(NamedTuple):
    """A generation as it stands, and whether it was new."""

    report: Report
    finished_at: datetime  # also if the report did not say
    is_new: bool


class Agreed(NamedTuple):
    """A generation's id, and what was agreed on."""

    generation_id: str
    agreement: Agreement


def settle(agreed: Sequence[Agreed], known: dict[str, Stored], reports: Iterable[Report]) -> dict[str, str]:
    """Let what was agreed on be recorded so: of each id the first that fits it, or none.

    Changes what is `known`, puts the claimed keys right, and tells of those when they finished.
    """
    candidates: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        candidates[report.generation_id].append(report)
    wrong = {}
    for key, agreement in agreed:
        before = known[key]
        known[key] = after = _settled(before, agreement, candidates[key])
        if before.first and (after.first is None or after[:2] != before[:2]):
            wrong[key] = after
    if wrong:
        _put_right(wrong)
    return times_of(wrong)


def _settled(stored: Stored, agreement: Agreement, candidates: Iterable[Report]) -> Stored:
    if stored.first is None:  # it was recorded before
        return stored._replace(agreement=agreement)
    for report in candidates:
        try:
            priced = agreement.price(report)
        except AgreedOtherwise:
            continue
        return Stored(priced.fingerprint, priced.finished_at, report, agreement)
    return stored._replace(first=None, agreement=agreement)


def _put_right(claimed: Mapping[str, Stored]) -> None:
    statements.give_back(claimed)
    right = {key: stored for key, stored in claimed.items() if stored.first}
    statements.insert(statements.KEYS, key_rows(right, times_of(right)))


def times_of(known: Mapping[str, Stored]) -> dict[str, str]:
    """When they finished, as the columns hold it."""
    return dict(zip(known, statements.moments(one.finished_at for one in known.values()), strict=True))


def key_rows(known: Mapping[str, Stored], times: Mapping[str, str]) -> list[statements.Row]:
    return [
        {"generation_id": key, "finished_at": times[key], "fingerprint": stored.fingerprint}
        for key, stored in known.items()
    ]
