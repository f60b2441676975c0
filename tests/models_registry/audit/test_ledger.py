"""The chain: numbers without gaps, digests that build on each other, whoever writes at once."""

from itertools import pairwise
from threading import get_ident
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from models_registry import services
from models_registry.audit import ledger
from models_registry.audit.models import AuditEntry, AuditHead, Book
from models_registry.audit.occasion import Actor, acting
from tests.exchange.threads import at_once
from tests.factories import AIModelFactory, QualityTierFactory
from tests.models_registry.audit import trail

pytestmark = pytest.mark.django_db


def chain(book: str) -> list[AuditEntry]:
    """The entries of `book`; fails unless they form one chain that ends in the head."""
    entries = trail.entries(book)
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.id for entry in entries] == [f"{book}-{entry.number}" for entry in entries]
    assert entries[0].digest == entries[0].digest_after("")
    assert all(later.digest == later.digest_after(earlier.digest) for earlier, later in pairwise(entries))
    head = AuditHead.objects.get(pk=book)
    assert (head.number, head.digest) == (entries[-1].number, entries[-1].digest)
    return entries


def test_each_book_is_a_chain_of_its_own() -> None:
    QualityTierFactory(key="4k")
    ledger.record_event("sign_in", subject="ada")
    QualityTierFactory(key="8k")
    ledger.record_event("sign_in", subject="bob")
    assert [entry.subject for entry in chain(Book.CATALOGUE)] == ["4k", "8k"]
    assert [entry.subject for entry in chain(Book.ACCESS)] == ["ada", "bob"]


def test_what_is_written_together_makes_the_same_chain() -> None:
    with transaction.atomic(), ledger.together():
        for key in ("2k", "4k", "8k"):
            QualityTierFactory(key=key)
        ledger.record_event("export")
        assert trail.entries() == []
    assert [entry.subject for entry in chain(Book.CATALOGUE)] == ["2k", "4k", "8k"]
    assert len(chain(Book.ACCESS)) == 1


def test_long_work_is_written_in_few_statements(django_assert_max_num_queries: Any) -> None:
    row = ledger.RowName("quality_tier", "1", "4k")
    with django_assert_max_num_queries(25), transaction.atomic(), ledger.together():
        for number in range(600):
            ledger.record_change("change", row=row, before={"n": number}, after={"n": number + 1})
    assert len(chain(Book.CATALOGUE)) == 600


def test_work_that_fails_drops_what_was_collected() -> None:
    with pytest.raises(ZeroDivisionError), ledger.together():
        ledger.record_change("create", row=ledger.RowName("x", "1", "y"), before=None, after={})
        raise ZeroDivisionError
    ledger.record_event("export")
    assert trail.entries() == []


def test_what_no_column_holds_is_written_down_all_the_same() -> None:
    ledger.record_event("refused\0", subject="\ud800" + "x" * 500, note="a\0b\udfff")
    [entry] = chain(Book.ACCESS)
    assert entry.action == "refused\ufffd"
    assert entry.subject == "\ufffd" + "x" * 299
    assert entry.told_facts == {"note": "a\0b\ufffd"}


def test_the_digest_is_the_same_when_read_back() -> None:
    with acting(actor=Actor("user", "7", "ädä"), reason="→ ∞ “quoted” \\ \t"):
        QualityTierFactory(key="4k", label="Ünïcode 🎬")
    [entry] = chain(Book.CATALOGUE)
    assert entry.actor == "ädä"


def test_the_name_of_an_actor_stays_when_the_account_is_gone() -> None:
    user = User.objects.create_user("ada")
    with acting(actor=Actor("user", str(user.pk), user.username)):
        QualityTierFactory(key="4k")
    user.delete()
    assert chain(Book.CATALOGUE)[0].actor == "ada"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_both_chains_hold_when_many_write_at_once() -> None:
    model = AIModelFactory()

    def change() -> None:
        for number in range(5):
            services.revise(model, {"name": f"{get_ident()} {number}"})
            ledger.record_event("sign_in", subject="ada")

    at_once(change, threads=8)
    assert len(chain(Book.ACCESS)) == 40
    changes = [entry for entry in chain(Book.CATALOGUE) if entry.subject == model.model_id]
    assert len(changes) == 41
    assert all(earlier.after == later.before for earlier, later in pairwise(changes))
    assert trail.findings() == []
