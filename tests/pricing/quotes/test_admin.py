"""Held quotes in the admin: to be read by who may see models, and to be changed by nobody."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from pricing.quotes.models import HeldQuote
from pricing.quotes.services import hold
from tests.pricing.quotes.conftest import ASKED, Post, age, redemption

QUOTES = "/admin/pricing_quotes/heldquote/"


@pytest.fixture
def quotes(catalogue: None, post: Post) -> dict[str, HeldQuote]:
    found = {name: hold(**ASKED, quote_id=f"q_{name}") for name in ("open", "expired", "redeemed")}
    age(found["expired"], hours=1)
    post(redemption(found["redeemed"]), {"generation_id": "my generation 1"})
    return found


def listed(client: Client, query: str = "") -> set[str]:
    response: Any = client.get(f"{QUOTES}?{query}")
    assert response.status_code == 200
    return {quote.pk for quote in response.context["cl"].result_list}


@pytest.mark.usefixtures("quotes")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"q_open", "q_expired", "q_redeemed"}),
        ("state=open", {"q_open"}),
        ("state=expired", {"q_expired"}),
        ("state=redeemed", {"q_redeemed"}),
        ("q=q_open", {"q_open"}),
        ("q=my+generation+1", {"q_redeemed"}),
        ("q=generation", set()),
    ],
)
def test_they_are_found(admin_client: Client, query: str, found: set[str]) -> None:
    assert listed(admin_client, query) == found


@pytest.mark.usefixtures("quotes")
def test_a_page_takes_its_number_of_queries(admin_client: Client, django_assert_num_queries: Any) -> None:
    for number in range(60):
        hold(**ASKED, quote_id=f"q_{number}")
    # Session and user, how many there are, the page; and the header asks whether there is a policy.
    with django_assert_num_queries(6):
        assert len(listed(admin_client)) == 50


@pytest.mark.usefixtures("quotes")
def test_the_page_of_one_says_it_all(admin_client: Client) -> None:
    html = admin_client.get(f"{QUOTES}q_redeemed/change/").content.decode()

    for text in ("a/b", "high, 5 s", "72", "$1.44", "$1.08", "Redeemed", "my generation 1", "backend"):
        assert text in html, text
    assert "As it was signed" in html
    assert '<input type="submit"' not in html


def test_one_that_was_edited_past_us_says_so(admin_client: Client, quotes: dict[str, HeldQuote]) -> None:
    HeldQuote.objects.filter(pk="q_open").update(terms={**quotes["open"].terms, "credits": 1})

    html = admin_client.get(f"{QUOTES}q_open/change/").content.decode()

    assert "The stored quote is not what was signed" in html


@pytest.mark.usefixtures("quotes")
@pytest.mark.parametrize("page", ["add/", "q_open/delete/", "q_open/history/", "q_none/change/"])
def test_there_are_no_other_pages(admin_client: Client, page: str) -> None:
    assert admin_client.get(f"{QUOTES}{page}").status_code in {302, 403, 404}
    assert admin_client.post(f"{QUOTES}q_open/change/", {"signature": "x"}).status_code == 403


@pytest.mark.usefixtures("quotes")
def test_who_sees_models_sees_quotes() -> None:
    statuses = []
    for codename in ("view_aimodel", "view_rate"):
        user = User.objects.create_user(codename, is_staff=True)
        user.user_permissions.add(Permission.objects.get(codename=codename))
        client = Client()
        client.force_login(user)
        statuses.append(client.get(QUOTES).status_code)

    assert statuses == [200, 403]
