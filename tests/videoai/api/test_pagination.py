"""Links to other pages: one text for every spelling of a query."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.factories import AIModelFactory

pytestmark = pytest.mark.django_db

PATH = "/api/v1/models/"
QUERY = "ordering=-name&page=2&page_size=1&search=%C3%A9+%2B%26%3D&tag=b+b&tag=a"
SPELLINGS = {
    "as it is": f"{PATH}?{QUERY}",
    "in another order": f"{PATH}?tag=b+b&search=%C3%A9+%2B%26%3D&page=2&tag=a&page_size=1&ordering=-name",
    "hex digits in lower case": f"{PATH}?{QUERY.replace('%C3%A9', '%c3%a9').replace('%2B', '%2b')}",
    "spaces as %20": f"{PATH}?{QUERY.replace('+', '%20')}",
    "letters encoded": f"{PATH}?{QUERY.replace('ordering', '%6Frdering').replace('=2', '=%32')}",
    "a sign encoded": f"{PATH}?{QUERY.replace('-name', '%2Dname')}",
    "beyond ASCII as it stands": f"{PATH}?{QUERY.replace('%C3%A9', 'é')}",
    "an equals sign as it stands": f"{PATH}?{QUERY.replace('%3D', '=')}",
    "empty parts": f"{PATH}?&&{QUERY.replace('&', '&&')}&",
    "without the last slash": f"{PATH[:-1]}?{QUERY}",
    "the path encoded": f"/api/v1/%6Dodels/?{QUERY}",
}


@pytest.fixture
def catalogue() -> None:
    for number in range(3):
        AIModelFactory(model_id=f"a/{number}", name="É +&=", tags=["a", "b b"])


@pytest.mark.usefixtures("catalogue")
class TestSpellings:
    @pytest.mark.parametrize("address", SPELLINGS.values(), ids=SPELLINGS)
    def test_all_have_the_same_body(self, client, address):
        response = client.get(address)

        assert response.status_code == 200
        assert response.json()["next"] == f"{PATH}?{QUERY.replace('page=2', 'page=3')}"
        assert response.json()["previous"] == f"{PATH}?{QUERY.replace('&page=2', '')}"
        assert response.content == client.get(SPELLINGS["as it is"]).content

    @pytest.mark.parametrize("address", SPELLINGS.values(), ids=SPELLINGS)
    def test_all_come_down_to_one(self, client, address):
        """How a cache may name them: parameters by name, the values of each in their order."""
        sent = client.get(address).wsgi_request.META["QUERY_STRING"].encode("latin-1").decode()
        pairs = parse_qsl(sent, keep_blank_values=True)

        assert urlencode(sorted(pairs, key=lambda pair: pair[0])) == QUERY

    def test_the_order_of_the_values_of_one_name_counts(self, client):
        turned = client.get(f"{PATH}?page_size=1&tag=a&tag=b+b").json()

        assert turned["next"] == f"{PATH}?page=2&page_size=1&tag=a&tag=b+b"


@pytest.mark.usefixtures("catalogue")
class TestTheFirstPage:
    def test_it_is_the_same_with_its_number_and_without(self, client):
        assert client.get(f"{PATH}?page=1&page_size=2").content == client.get(f"{PATH}?page_size=2").content

    def test_the_link_back_to_it_has_no_number(self, client):
        def previous(address: str) -> Any:
            return client.get(address).json()["previous"]

        for number in range(48):
            AIModelFactory(model_id=f"b/{number}")

        assert previous(f"{PATH}?page=2") == PATH
        assert previous(f"{PATH}?page_size=2&page=2") == f"{PATH}?page_size=2"


def test_a_text_that_is_no_utf_8_is_spelt_as_it_was_read(client):
    for number in range(2):
        AIModelFactory(model_id=f"a/{number}", description="\ufffd")

    page = client.get(f"{PATH}?page_size=1&search=%FF").json()

    assert page["next"] == f"{PATH}?page=2&page_size=1&search=%EF%BF%BD"
    assert client.get(page["next"]).json()["results"][0]["model_id"] == "a/1"


def test_an_empty_search_is_kept_as_it_is_asked_for(client):
    for _ in range(2):
        AIModelFactory()

    assert client.get(f"{PATH}?search=&page_size=1").json()["next"] == f"{PATH}?page=2&page_size=1&search="
