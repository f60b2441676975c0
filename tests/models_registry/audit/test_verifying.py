"""What verifying tells of the books."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_registry.audit import ledger, verifying
from models_registry.audit.models import AuditEntry, AuditHead, Book
from models_registry.audit.verifying import Anchor, Verification
from tests.factories import AIModelFactory, QualityTierFactory, untraced
from tests.models_registry.audit import trail

pytestmark = pytest.mark.django_db


@pytest.fixture
def tiers() -> list[AuditEntry]:
    """Five entries about five tiers."""
    for key in ("a", "b", "c", "d", "e"):
        QualityTierFactory(key=key)
    return trail.entries()


def tamper(entry: AuditEntry, **values: Any) -> None:
    untraced(AuditEntry).filter(pk=entry.pk).update(**values)


def told() -> str:
    return "\n".join(trail.findings())


def test_a_trail_that_nobody_touched_holds() -> None:
    trail.lay()
    verification = Verification()
    assert list(verification.findings()) == []
    assert verification.entries == AuditEntry.objects.count()
    assert verification.rows == 6 + 3 + 6 + 1  # models, tiers, rates, the policy
    assert {newest.book for newest in verification.newest} == set(Book.values)
    assert verification.newest[0] == trail.anchor_of(trail.last_entry())


def test_an_empty_database_holds() -> None:
    verification = Verification()
    assert list(verification.findings()) == []
    assert (verification.entries, verification.newest) == (0, [])


def test_an_edited_entry_is_named_with_what_it_is_about(tiers: list[AuditEntry]) -> None:
    tamper(tiers[2], reason="All right")
    assert "catalogue 3 was edited" in told()
    assert "create quality_tier c" in told()


def test_an_edited_entry_with_a_digest_that_fits_breaks_the_next_one(tiers: list[AuditEntry]) -> None:
    tiers[2].actor = "mallory"
    tamper(tiers[2], actor="mallory", digest=tiers[2].digest_after(tiers[1].digest))
    assert "catalogue 4 was edited, or stands in another's place" in told()


def test_removed_entries_are_named(tiers: list[AuditEntry]) -> None:
    untraced(AuditEntry).filter(number__in=[2, 3]).delete()
    assert "catalogue 2 to 3 are missing" in told()


def test_an_end_that_was_cut_off_is_missed(tiers: list[AuditEntry]) -> None:
    untraced(AuditEntry).filter(number=5).delete()
    assert "catalogue 5 is missing" in told()


def test_an_entry_behind_the_head_is_found(tiers: list[AuditEntry]) -> None:
    AuditHead.objects.update(number=4, digest=tiers[3].digest)
    assert 'entry "catalogue-5" stands behind the head of its book, which is 4' in told()


def test_a_wrong_head_is_found(tiers: list[AuditEntry]) -> None:
    AuditHead.objects.update(digest="0" * 64)
    assert "the head of catalogue has another digest than its last entry, 5" in told()


def test_a_missing_head_is_found(tiers: list[AuditEntry]) -> None:
    AuditHead.objects.all().delete()
    assert told().count("stands behind the head of its book, which is 0") == 5


def test_an_unknown_book_is_found(tiers: list[AuditEntry]) -> None:
    tamper(tiers[4], book="other")
    AuditHead.objects.create(book="third")
    assert 'entry "catalogue-5" stands in no book that there is' in told()
    assert 'the head "third" belongs to no book that there is' in told()


@pytest.mark.sqlite  # PostgreSQL stores no word in a column of times
@pytest.mark.parametrize("column", ["at", "number", "after", "digest"])
@pytest.mark.parametrize("value", ["yesterday", "2026-13-45 00:00:00", b"\xff\x00", 1.5, 10**15])
def test_values_that_can_not_be_read_are_found(tiers: list[AuditEntry], column: str, value: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_entries SET {column} = %s WHERE number = 3", [value])
    assert "catalogue" in told()


# --- Anchors ---------------------------------------------------------------------------------------------


def with_anchor(anchor: Anchor) -> list[str]:
    return [finding.text for finding in Verification(anchors=[anchor]).findings()]


def test_an_anchor_on_the_chain_is_met(tiers: list[AuditEntry]) -> None:
    anchor = trail.anchor_of(tiers[2])
    QualityTierFactory(key="f")
    assert with_anchor(anchor) == []


def test_anchors_give_away_who_computed_the_whole_chain_anew(tiers: list[AuditEntry]) -> None:
    anchor = trail.anchor_of(tiers[3])
    digest = ""
    for entry in tiers:
        entry.actor = "mallory"
        entry.digest = digest = entry.digest_after(digest)
        tamper(entry, actor=entry.actor, digest=digest)
    AuditHead.objects.update(digest=digest)
    assert trail.findings() == []
    [finding] = with_anchor(anchor)
    assert finding.startswith(f"{anchor}: that entry has the digest")


def test_anchors_give_away_who_cut_the_end_off_and_mended_the_head(tiers: list[AuditEntry]) -> None:
    anchor = trail.anchor_of(tiers[4])
    untraced(AuditEntry).filter(number=5).delete()
    AuditHead.objects.update(number=4, digest=tiers[3].digest)
    assert f"{anchor}: there is no such entry any more" in with_anchor(anchor)


# --- At work ---------------------------------------------------------------------------------------------


def test_many_entries_take_few_statements_and_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models_registry.audit.reading.ROWS_A_PAGE", 100)
    row = ledger.RowName("gone", "1", "x")
    with ledger.together():
        for number in range(1_000):
            ledger.record_change(
                "change", row=row, before={"n": number} if number else None, after={"n": number + 1}
            )
    seen: list[tuple[int, str]] = []
    verification = Verification(progress=lambda done, what: seen.append((done, what)))
    with CaptureQueriesContext(connection) as queries:
        assert list(verification.findings()) == []
    assert (100, "entries") in seen
    assert (1_000, "entries") in seen
    assert len(queries) < 60


def test_what_is_written_while_it_walks_is_no_finding(
    tiers: list[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    walked = verifying.pages

    def pages_and_a_writer(rows: Any) -> Any:
        QualityTierFactory(key=f"new{AuditEntry.objects.count()}")
        yield from walked(rows)

    monkeypatch.setattr(verifying, "pages", pages_and_a_writer)
    assert trail.findings() == []
    assert AuditEntry.objects.count() == 7


def test_rows_of_models_are_not_read_one_by_one(django_assert_max_num_queries: Any) -> None:
    for _ in range(20):
        AIModelFactory()
    with django_assert_max_num_queries(40):
        assert trail.findings() == []
