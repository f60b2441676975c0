from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from models_registry.audit.audited import BulkWriteRefused
from models_registry.audit.models import AuditEntry
from tests.exchange.threads import at_once
from tests.factories import secret_of, service_token, untraced
from videoai.access import services
from videoai.access.errors import (
    NameTaken,
    NameUnfit,
    ScopeUnknown,
    SpanUnfit,
    TokenEnded,
    TokenError,
    TokenUnknown,
)
from videoai.access.models import ServiceToken
from videoai.access.querysets import TokenState
from videoai.access.token_text import TokenText

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def states(at: datetime) -> list[str]:
    return [token.state(at).value for token in ServiceToken.objects.order_by("pk")]


class TestCreating:
    def test_a_token_keeps_a_digest_and_not_the_secret(self):
        issued = service_token(name="billing", now=NOON)
        sent = TokenText.read(issued.text)

        assert sent is not None
        assert (issued.token.prefix, issued.token.digest) == (sent.prefix, sent.digest)
        assert sent.secret not in str(vars(issued.token))
        assert issued.text.split() == [issued.text]

    def test_it_lives_a_year_unless_somebody_says_otherwise(self):
        assert service_token(name="a", now=NOON).token.expires_at == NOON + 365 * DAY
        assert service_token(name="b", now=NOON, expires_in=HOUR).token.expires_at == NOON + HOUR
        assert service_token(name="c", now=NOON, expires_in=None).token.expires_at is None

    def test_scopes_are_kept_once_and_in_their_order(self):
        token = service_token("usage:read", "catalog:read", "usage:read").token

        assert token.scopes == ["catalog:read", "usage:read"]

    def test_spaces_around_a_name_do_not_count(self):
        service_token(name=" billing ")

        with pytest.raises(NameTaken):
            service_token(name="billing")

    @pytest.mark.parametrize(
        "name", ["", "  ", "x" * 101, "a\nb", "a\0", "a\x7f", "a\u202eb", "a\u200bb", "\ud800"]
    )
    def test_a_name_that_nobody_can_read_is_refused(self, name):
        with pytest.raises(NameUnfit) as refused:
            service_token(name=name)

        assert refused.value.field == "name"
        assert not ServiceToken.objects.exists()

    @pytest.mark.parametrize("name", ["x" * 100, "Größe 5", "ビデオ"])
    def test_other_names_are_good(self, name):
        assert service_token(name=name).token.name == name

    def test_an_unknown_scope_is_named(self):
        with pytest.raises(
            ScopeUnknown, match=r'"catalog:add" is no scope\. There are: catalog:read, catalog:write'
        ):
            service_token("catalog:read", "catalog:add")

        assert not ServiceToken.objects.exists()

    def test_a_token_without_scopes_is_refused(self):
        with pytest.raises(ScopeUnknown, match="needs a scope"):
            services.create("a", scopes=[])

    @pytest.mark.parametrize("span", [timedelta(0), -DAY, timedelta(days=3_654)])
    def test_a_life_of_no_time_or_of_ages_is_refused(self, span):
        with pytest.raises(SpanUnfit):
            service_token(expires_in=span)

    def test_a_live_name_is_taken(self):
        token = service_token(name="billing", now=NOON, expires_in=DAY).token

        with pytest.raises(NameTaken, match=rf"billing \({token.prefix}\)"):
            service_token(name="billing", now=NOON + DAY - HOUR)

        assert ServiceToken.objects.count() == 1

    def test_a_name_is_free_again_when_its_token_has_ended(self):
        service_token(name="billing", now=NOON, expires_in=DAY)
        service_token(name="billing", now=NOON + DAY, expires_in=DAY)
        services.revoke("billing", now=NOON + DAY + HOUR)
        service_token(name="billing", now=NOON + DAY + HOUR)

        assert states(NOON + DAY + HOUR) == ["expired", "revoked", "live"]

    def test_a_name_stays_taken_while_a_replaced_token_works(self):
        first = service_token(name="billing", now=NOON)
        second = services.rotate(first.token, now=NOON)
        services.revoke(second.token.prefix, now=NOON)

        with pytest.raises(NameTaken):
            service_token(name="billing", now=NOON + HOUR)


class TestRotating:
    def test_both_tokens_work_until_the_overlap_is_over(self):
        old = service_token("usage:write", name="renderer", now=NOON).token
        new = services.rotate(old, overlap=2 * HOUR, now=NOON + DAY).token

        assert (new.name, new.scopes) == ("renderer", ["usage:write"])
        assert new.digest != old.digest
        assert states(NOON + DAY + HOUR) == ["replaced", "live"]
        assert states(NOON + DAY + 2 * HOUR) == ["expired", "live"]

    def test_the_new_one_lives_as_long_as_the_old_one_was_made_to(self):
        month = service_token(name="a", now=NOON, expires_in=30 * DAY).token
        ever = service_token(name="b", now=NOON, expires_in=None).token

        assert services.rotate(month, now=NOON + 10 * DAY).token.expires_at == NOON + 40 * DAY
        assert services.rotate(ever, now=NOON + 10 * DAY).token.expires_at is None

    def test_an_overlap_does_not_prolong_the_old_one(self):
        old = service_token(now=NOON, expires_in=HOUR).token
        services.rotate(old, overlap=DAY, now=NOON)

        assert states(NOON + HOUR) == ["expired", "expired"]
        assert ServiceToken.objects.get(pk=old.pk).expires_at == NOON + HOUR

    def test_no_overlap_ends_the_old_one_at_once(self):
        old = service_token(now=NOON, expires_in=None).token
        services.rotate(old, overlap=timedelta(0), now=NOON + HOUR)

        assert states(NOON + HOUR) == ["expired", "live"]

    def test_a_token_is_rotated_once(self):
        old = service_token(now=NOON).token
        services.rotate(old, now=NOON)

        with pytest.raises(
            TokenEnded, match=r"was replaced on 2026-03-01 12:00 UTC\. Rotate the token that took"
        ):
            services.rotate(old, now=NOON + HOUR)

        assert ServiceToken.objects.count() == 2

    def test_what_has_ended_is_not_rotated(self):
        revoked, expired = service_token(name="a", now=NOON).token, service_token(name="b", now=NOON).token
        services.revoke("a", now=NOON)

        with pytest.raises(TokenEnded, match="is revoked"):
            services.rotate(revoked, now=NOON)
        with pytest.raises(TokenEnded, match="is expired"):
            services.rotate(expired, now=NOON + 366 * DAY)

    @pytest.mark.parametrize("overlap", [-HOUR, 31 * DAY])
    def test_an_overlap_is_no_second_life(self, overlap):
        with pytest.raises(SpanUnfit, match="at most 30 days"):
            services.rotate(service_token().token, overlap=overlap)

    def test_the_token_of_a_name_is_the_one_that_was_made_last(self):
        new = services.rotate(service_token(name="a", now=NOON).token, now=NOON).token

        assert services.current_token("a", now=NOON) == new
        with pytest.raises(TokenUnknown, match='no live token "b"'):
            services.current_token("b", now=NOON)


class TestRevoking:
    def test_every_live_token_of_the_name_ends(self):
        services.rotate(service_token(name="a", now=NOON).token, now=NOON)
        service_token(name="b", now=NOON)

        assert len(services.revoke("a", now=NOON + HOUR)) == 2
        assert states(NOON + HOUR) == ["revoked", "revoked", "live"]

    def test_a_prefix_ends_one(self):
        new = services.rotate(service_token(now=NOON).token, now=NOON).token

        assert services.revoke(new.prefix, now=NOON) == [new]
        assert states(NOON) == ["replaced", "revoked"]

    @pytest.mark.parametrize("name", ["nobody", "", "\0", "\ud800", "a" * 10_000])
    def test_who_is_not_there_is_not_revoked(self, name):
        with pytest.raises(TokenUnknown):
            services.revoke(name)

    def test_revoking_twice_says_that_there_is_none_left(self):
        service_token(name="a")
        services.revoke("a")

        with pytest.raises(TokenUnknown, match='There is no live token "a"'):
            services.revoke("a")


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def outcomes(self, work: Callable[[], object]) -> list[str]:
        def attempt() -> str:
            try:
                work()
            except TokenError as error:
                return type(error).__name__
            return "done"

        return sorted(at_once(attempt, threads=6))

    def test_one_of_many_creations_of_a_name_wins(self):
        assert self.outcomes(lambda: service_token(name="a")) == ["NameTaken"] * 5 + ["done"]
        assert ServiceToken.objects.count() == 1

    def test_one_of_many_rotations_of_a_token_wins(self):
        token = service_token(name="a").token

        assert self.outcomes(lambda: services.rotate(token)) == ["TokenEnded"] * 5 + ["done"]
        assert ServiceToken.objects.count() == 2

    def test_no_rotation_slips_past_a_revocation(self):
        token = service_token(name="a").token
        deeds = iter([lambda: services.revoke("a"), *[lambda: services.rotate(token)] * 5])

        def do_the_next() -> None:
            next(deeds)()

        self.outcomes(do_the_next)

        live = ServiceToken.objects.live(datetime.now(UTC))
        rotated_after = AuditEntry.objects.filter(action="rotate").exists()
        # Either it was revoked first and could not be rotated, or both tokens were revoked together.
        assert not live.exists()
        assert ServiceToken.objects.revoked().count() == (2 if rotated_after else 1)


class TestTheTrail:
    def test_each_step_is_an_entry_of_its_own(self):
        old = service_token(name="a").token
        new = services.rotate(old).token
        services.revoke("a")

        entries = AuditEntry.objects.filter(kind="token").order_by("number")
        assert [(entry.action, entry.subject) for entry in entries] == [
            ("create", f"a ({old.prefix})"),
            ("rotate", f"a ({old.prefix})"),
            ("create", f"a ({new.prefix})"),
            ("revoke", f"a ({new.prefix})"),
            ("revoke", f"a ({old.prefix})"),
        ]
        assert {entry.book for entry in entries} == {"access"}

    def test_neither_secret_nor_digest_stand_in_it(self):
        issued = service_token()
        [entry] = AuditEntry.objects.all()
        written = " ".join(map(str, vars(entry).values()))

        assert issued.token.digest not in written
        assert secret_of(issued.text) not in written

    def test_an_exchanged_digest_is_noticed_all_the_same(self):
        token = service_token().token
        [entry] = AuditEntry.objects.all()
        assert token.audit_state() == entry.state_after

        untraced(ServiceToken).update(digest=TokenText.random().digest)

        assert ServiceToken.objects.get().audit_state() != entry.state_after

    def test_what_is_traced_is_not_written_in_bulk(self):
        token = service_token().token

        for values in ({"digest": "0" * 64}, {"scopes": ["catalog:write"]}, {"expires_at": None}):
            with pytest.raises(BulkWriteRefused):
                ServiceToken.objects.update(**values)
        with pytest.raises(BulkWriteRefused):
            ServiceToken.objects.all().delete()
        assert ServiceToken.objects.get().audit_state() == token.audit_state()


class TestTheTable:
    @pytest.mark.parametrize(
        "values", [{"digest": "short"}, {"prefix": "short"}, {"name": ""}, {"scopes": []}], ids=str
    )
    def test_it_refuses_other_shapes(self, values):
        service_token()

        with pytest.raises(IntegrityError), transaction.atomic():
            untraced(ServiceToken).update(**values)

    def test_it_has_one_current_token_a_name(self):
        service_token(name="a")
        service_token(name="b")

        with pytest.raises(IntegrityError), transaction.atomic():
            untraced(ServiceToken).update(name="a")

    def test_its_filters_say_what_the_tokens_say(self):
        services.revoke(service_token(name="a", now=NOON).token.name, now=NOON)
        service_token(name="b", now=NOON, expires_in=HOUR)
        services.rotate(service_token(name="c", now=NOON).token, now=NOON)
        services.rotate(service_token(name="d", now=NOON).token, now=NOON, overlap=timedelta(0))

        at = NOON + 2 * HOUR
        for state in TokenState:
            found = set(ServiceToken.objects.in_state(state, at))
            assert found == {token for token in ServiceToken.objects.all() if token.state(at) == state}
            assert found


def test_nothing_that_prints_a_token_prints_its_secret():
    issued = service_token()
    secret = secret_of(issued.text)

    for shown in (repr(issued), repr(issued.token), str(issued.token), repr(TokenText.read(issued.text))):
        assert secret not in shown
        assert issued.token.digest not in shown
