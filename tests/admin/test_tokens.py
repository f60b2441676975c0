from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from models_registry.audit.models import AuditEntry
from tests.admin.pages import errors_of, messages_of, read_form
from tests.factories import bearer, secret_of, service_token
from videoai.access import services
from videoai.access.models import ServiceToken
from videoai.access.token_text import TokenText

pytestmark = pytest.mark.django_db

TOKENS = "/admin/access/servicetoken/"
ADD = f"{TOKENS}add/"


def keeper(client: Client, *codenames: str) -> Client:
    """Signs in staff with these permissions and no others."""
    user = User.objects.create_user("keeper", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


def send(client: Client, address: str, **values: Any) -> Any:
    """Open the form at `address`, fill in `values` (None leaves one out) and send it."""
    shown = read_form(client.get(address).content.decode(), "deed_form")
    return client.post(address, {k: v for k, v in {**shown, **values}.items() if v is not None})


def page_of(token: ServiceToken, deed: str = "change") -> str:
    return f"{TOKENS}{token.pk}/{deed}/"


def shown_secret(response: Any) -> str:
    html = response.content.decode()
    return str(html.partition('id="secret"')[2].partition('value="')[2].partition('"')[0])


def opens(text: str) -> bool:
    return Client().get("/api/v1/models/", headers=bearer(text)).status_code == 200


def test_a_token_is_made_and_shown_once_in_the_answer(admin_client: Client) -> None:
    response = send(
        admin_client,
        ADD,
        name="billing",
        scopes=["catalog:read", "usage:read"],
        expires_in="90d",
        change_reason="Ordered",
    )
    token = ServiceToken.objects.get()
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert opens(shown_secret(response))
    assert (token.name, token.scopes, token.created_by) == ("billing", ["catalog:read", "usage:read"], "ada")
    assert token.expires_at is not None
    assert (token.expires_at - token.created_at).days == 90
    [entry] = AuditEntry.objects.filter(kind="token")
    assert (entry.action, entry.actor, entry.reason) == ("create", "ada", "Ordered")


def test_the_secret_stays_nowhere(admin_client: Client) -> None:
    response = send(admin_client, ADD, name="billing", scopes=["catalog:read"])
    secret = secret_of(shown_secret(response))
    kept = [str(dict(admin_client.session)), str(response.cookies), str(LogEntry.objects.values())]
    kept += [
        admin_client.get(page).content.decode() for page in (TOKENS, page_of(ServiceToken.objects.get()))
    ]
    kept += [admin_client.get(page_of(ServiceToken.objects.get(), "history")).content.decode()]
    digest = ServiceToken.objects.get().digest
    for text in kept:
        assert secret not in text
        assert digest not in text


def test_reloading_the_answer_makes_no_other_token(admin_client: Client) -> None:
    sent = {"name": "billing", "scopes": ["catalog:read"], "expires_in": "365d"}
    assert shown_secret(admin_client.post(ADD, sent))
    again = admin_client.post(ADD, sent)
    assert "has this name and is live" in errors_of(again)["name"][0]
    assert shown_secret(again) == ""
    assert ServiceToken.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("name", name) for name in ("", "x" * 101, "a\0", "a\u202eb")],
        *[("scopes", scopes) for scopes in (None, ["catalog:add"], ["x"])],
        *[("expires_in", span) for span in ("11w", "")],
        ("change_reason", "x" * 301),
    ],
)
def test_bad_input_is_refused_beside_its_field(admin_client: Client, field: str, value: Any) -> None:
    good = {"name": "billing", "scopes": ["catalog:read"], "expires_in": "never", "change_reason": ""}
    assert list(errors_of(send(admin_client, ADD, **good | {field: value}))) == [field]
    assert not ServiceToken.objects.exists()


def test_nobody_gives_more_than_they_hold(client: Client) -> None:
    keeper(client, "add_servicetoken", "view_aimodel")
    assert "catalog:write" not in client.get(ADD).content.decode()
    assert list(errors_of(send(client, ADD, name="a", scopes=["catalog:write"]))) == ["scopes"]
    assert not ServiceToken.objects.exists()
    assert opens(shown_secret(send(client, ADD, name="a", scopes=["catalog:read"])))


def test_who_may_change_models_but_not_add_them_can_not_give_the_right_to_write(client: Client) -> None:
    """That right lets a token add models, too."""
    keeper(client, "add_servicetoken", "change_aimodel")
    assert list(errors_of(send(client, ADD, name="a", scopes=["catalog:write"]))) == ["scopes"]


def test_who_holds_nothing_has_nothing_to_give(client: Client) -> None:
    keeper(client, "add_servicetoken", "view_servicetoken")
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, {"name": "a", "scopes": ["catalog:read"], "expires_in": "7d"}).status_code == 403
    assert "Add token" not in client.get(TOKENS).content.decode()


def test_rotating_asks_first_and_shows_the_new_one_once(admin_client: Client) -> None:
    old = service_token(name="billing")
    assert "Rotate" in admin_client.get(page_of(old.token)).content.decode()
    response = send(admin_client, page_of(old.token, "rotate"), overlap="1h", change_reason="Every year")
    assert "no-store" in response["Cache-Control"]
    assert opens(shown_secret(response))
    assert opens(old.text)
    stored = ServiceToken.objects.get(pk=old.token.pk)
    assert stored.expires_at is not None
    assert stored.replaced_at is not None
    assert (stored.expires_at - stored.replaced_at).total_seconds() == 3600
    assert set(AuditEntry.objects.filter(reason="Every year").values_list("action", flat=True)) == {
        "rotate",
        "create",
    }


def test_reloading_a_rotation_rotates_nothing(admin_client: Client) -> None:
    token = service_token().token
    sent = {"overlap": "24h", "change_reason": ""}
    assert shown_secret(admin_client.post(page_of(token, "rotate"), sent))
    again = admin_client.post(page_of(token, "rotate"), sent)
    assert "Rotate the token that took its place" in again.content.decode()
    assert shown_secret(again) == ""
    assert ServiceToken.objects.count() == 2


def test_nobody_rotates_themselves_a_token_that_may_do_more(client: Client) -> None:
    token = service_token("catalog:write").token
    keeper(client, "view_servicetoken", "change_servicetoken", "view_aimodel")
    html = client.get(page_of(token)).content.decode()
    assert (">Rotate<" in html, ">Revoke<" in html) == (False, True)
    for response in (
        client.get(page_of(token, "rotate")),
        client.post(page_of(token, "rotate"), {"overlap": "0"}),
    ):
        assert response.status_code == 403
    assert ServiceToken.objects.count() == 1


def test_revoking_asks_first_and_ends_it(admin_client: Client) -> None:
    issued = service_token(name="billing")
    response = send(admin_client, page_of(issued.token, "revoke"), change_reason="Leaked")
    assert response.status_code == 302
    assert not opens(issued.text)
    assert messages_of(admin_client, TOKENS) == f"Revoked: billing ({issued.token.prefix})."
    assert AuditEntry.objects.get(action="revoke").reason == "Leaked"


def test_looking_at_the_questions_changes_nothing(admin_client: Client) -> None:
    issued = service_token()
    for deed in ("rotate", "revoke"):
        assert admin_client.get(page_of(issued.token, deed)).status_code == 200
    assert opens(issued.text)
    assert ServiceToken.objects.count() == 1


def test_revoking_twice_says_that_it_is_over(admin_client: Client) -> None:
    token = service_token().token
    services.revoke(token.name)
    response = admin_client.post(page_of(token, "revoke"), {"change_reason": ""})
    assert "There is no live token" in response.content.decode()
    html = admin_client.get(page_of(token)).content.decode()
    assert ">Rotate<" not in html
    assert ">Revoke<" not in html


def test_a_viewer_looks_and_changes_nothing(client: Client) -> None:
    issued = service_token()
    keeper(client, "view_servicetoken", "view_aimodel")
    assert client.get(TOKENS).status_code == client.get(page_of(issued.token)).status_code == 200
    for deed in ("rotate", "revoke", "delete", "change"):
        assert client.post(page_of(issued.token, deed), {"overlap": "0", "name": "x"}).status_code == 403
    assert client.post(ADD, {"name": "a", "scopes": ["catalog:read"], "expires_in": "7d"}).status_code == 403
    assert opens(issued.text)
    assert ServiceToken.objects.count() == 1


def test_staff_without_rights_see_no_tokens(client: Client) -> None:
    token = service_token().token
    keeper(client, "view_aimodel")
    for address in (TOKENS, page_of(token), page_of(token, "rotate"), page_of(token, "revoke"), ADD):
        assert client.get(address).status_code == 403


def test_not_even_a_superuser_edits_or_deletes_one(admin_client: Client) -> None:
    token = service_token().token
    for deed in ("change", "delete"):
        sent = {"name": "x", "post": "yes", "expires_at": ""}
        assert admin_client.post(page_of(token, deed), sent).status_code == 403
    assert ServiceToken.objects.get().audit_state() == token.audit_state()


@pytest.mark.parametrize("key", ["abc", "9" * 23, "_00", "%00", "0"])
@pytest.mark.parametrize("deed", ["rotate", "revoke"])
def test_a_token_that_is_not_there_is_not_found(admin_client: Client, key: str, deed: str) -> None:
    assert admin_client.get(f"{TOKENS}{key}/{deed}/").status_code == 404


def test_the_list_is_filtered_by_state(admin_client: Client) -> None:
    services.rotate(service_token(name="a").token)
    service_token(name="b", now=datetime(2025, 1, 1, tzinfo=UTC))
    service_token(name="c")
    services.revoke("c")
    for state in ("live", "replaced", "expired", "revoked"):
        shown = admin_client.get(f"{TOKENS}?state={state}").context["cl"].result_list
        assert [token.state(timezone.now()) for token in shown] == [state]
    assert len(admin_client.get(TOKENS).context["cl"].result_list) == 4
    assert admin_client.get(f"{TOKENS}?state=x").status_code == 302


def test_the_list_is_searched(admin_client: Client) -> None:
    token = service_token(name="renderer").token
    service_token(name="billing")
    for query in ("rend", token.prefix):
        assert list(admin_client.get(TOKENS, {"q": query}).context["cl"].result_list) == [token]
    assert admin_client.get(f"{TOKENS}?digest__startswith=a").status_code == 400


def test_the_pages_have_nothing_inline(admin_client: Client) -> None:
    token = service_token().token
    answer = admin_client.post(page_of(token, "rotate"), {"overlap": "24h"})
    assert TokenText.read(shown_secret(answer))
    pages = [answer, *(admin_client.get(page_of(token, deed)) for deed in ("change", "rotate", "revoke"))]
    for html in (page.content.decode() for page in pages):
        assert " style=" not in html
        assert "<style" not in html
        assert "onclick" not in html
    assert read_form(pages[-1].content.decode(), "deed_form").keys() == {
        "csrfmiddlewaretoken",
        "change_reason",
    }
