"""gzip: for whom, the same bytes every time, and never beside credentials."""

import gzip

import pytest
from django.conf import settings

from models_registry.models import AIModel
from tests.factories import AIModelFactory
from videoai.api.packing import accepts_gzip

ZIPPED = {"accept-encoding": "gzip, deflate, br, zstd"}
LIST = "/api/v1/models/"
MODEL = "/api/v1/models/a/b/"


@pytest.mark.parametrize(
    "header",
    [
        "gzip",
        "GZIP",
        "gzip, deflate, br, zstd",
        "br , gzip ; q=0.001",
        "deflate, gzip;q=1.0, *;q=0.5",
        "*",
        "identity;q=0.5, *;q=0.8",
        "gzip;q=1.000, identity",
    ],
)
def test_it_is_accepted_by_name_or_by_an_asterisk(header):
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "identity",
        "br",
        "gzip;q=0",
        "gzip;q=0.000",
        "*;q=0",
        "gzip;q=0, *",
        "identity, gzip;q=0.5",
        "gzip;q=1.1",
        "gzip;q=-1",
        "gzip;q=nan",
        "gzip;q=",
        "gzip;level=9",
        "gzip;q=1;q=0",
        "gzipped",
        "gz ip",
        "gzip" + " " * 200,
    ],
)
def test_it_is_not_accepted_otherwise(header):
    assert not accepts_gzip(header)


@pytest.mark.django_db
class TestAnswers:
    @pytest.fixture(autouse=True)
    def catalogue(self):
        AIModelFactory(model_id="a/b", description="Makes clips. " * 50)

    @pytest.mark.parametrize("address", [LIST, MODEL, "/api/v1/schema/"])
    def test_they_are_packed_for_who_accepts_it(self, client, address):
        plain, zipped = client.get(address), client.get(address, headers=ZIPPED)

        assert zipped["Content-Encoding"] == "gzip"
        assert gzip.decompress(zipped.content) == plain.content
        assert int(zipped["Content-Length"]) == len(zipped.content) < len(plain.content)
        assert "Content-Encoding" not in plain

    def test_they_have_a_tag_of_their_own_made_from_the_other(self, client):
        plain, zipped = client.get(LIST), client.get(LIST, headers=ZIPPED)

        assert zipped["ETag"] == f'"{plain["ETag"].strip(chr(34))}-gzip"'
        assert zipped["Vary"] == plain["Vary"] == "Accept, Accept-Encoding, Authorization, Cookie"

    def test_the_same_body_is_packed_into_the_same_bytes(self, client):
        assert client.get(LIST, headers=ZIPPED).content == client.get(LIST, headers=ZIPPED).content
        assert client.get(LIST, headers=ZIPPED).content[4:8] == b"\0\0\0\0"  # the time of RFC 1952

    def test_short_ones_stay_as_they_are(self, client):
        short = client.get("/api/v1/models/?search=nothing", headers=ZIPPED)

        assert short.status_code == 200
        assert "Content-Encoding" not in short
        assert "-gzip" not in short["ETag"]

    def test_problems_stay_as_they_are(self, client):
        refused = client.get("/api/v1/models/?colour=red", headers=ZIPPED)

        assert (refused.status_code, len(refused.content) > 500) == (400, True)
        assert "Content-Encoding" not in refused

    def test_each_tag_is_known_as_that_of_its_own_form(self, client):
        tags = client.get(LIST)["ETag"], client.get(LIST, headers=ZIPPED)["ETag"]

        def statuses(**headers: str) -> list[int]:
            return [client.get(LIST, headers={**headers, "if-none-match": tag}).status_code for tag in tags]

        assert statuses() == [304, 200]
        assert statuses(**ZIPPED) == [200, 304]

    def test_a_304_says_what_the_packed_answer_said(self, client):
        full = client.get(LIST, headers=ZIPPED)
        bare = client.get(LIST, headers={**ZIPPED, "if-none-match": full["ETag"]})

        assert (bare.status_code, bare.content) == (304, b"")
        assert (bare["ETag"], bare["Vary"]) == (full["ETag"], full["Vary"])
        assert "Content-Encoding" not in bare

    def test_head_has_the_headers_of_get(self, client):
        full, head = client.get(LIST, headers=ZIPPED), client.head(LIST, headers=ZIPPED)
        own = {"X-Request-ID", "RateLimit"}

        assert head.content == b""
        assert {k: v for k, v in head.items() if k not in own} == {
            k: v for k, v in full.items() if k not in own
        }

    def test_nothing_is_packed_beside_a_session(self, admin_client):
        response = admin_client.get(LIST, headers=ZIPPED)

        assert response.status_code == 200
        assert "Content-Encoding" not in response

    def test_nothing_is_packed_beside_a_cookie_or_header_that_could_be_one(self, client):
        """Whether it opens anything is not asked: the header alone may be what somebody guesses."""
        client.cookies[settings.SESSION_COOKIE_NAME] = "ended"

        assert "Content-Encoding" not in client.get(LIST, headers=ZIPPED)

    def test_who_saw_the_packed_form_may_write(self, client, admin):
        seen = client.get(MODEL, headers=ZIPPED)["ETag"]
        client.force_login(admin)

        def write(name: str) -> int:
            return client.patch(
                MODEL, {"name": name}, content_type="application/json", headers={"if-match": seen}
            ).status_code

        assert seen.endswith('-gzip"')
        assert (write("One"), write("Two")) == (200, 412)
        assert AIModel.objects.get(model_id="a/b").name == "One"
