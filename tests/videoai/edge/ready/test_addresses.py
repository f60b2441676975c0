from itertools import permutations
from urllib.parse import quote

import pytest

from videoai.edge.ready.addresses import MOST_SPELLINGS, Addresses, Kind, read

MODELS = "/api/v1/models/"
QUOTE = "/api/v1/pricing/quote/"


def percent(text: str) -> str:
    return "".join(f"%{ord(letter):02x}" for letter in text)


def test_a_thousand_spellings_of_one_query_are_one_address():
    names = ["provider", "quality", "search", "ordering", "duration", "page_size"]
    values = dict(zip(names, ["Acme Inc", "high", "a/b", "-name", "5", "20"], strict=True))
    spellings = {
        (path, "&".join(f"{spell(name)}={spell(values[name])}" for name in order).encode())
        for path in (MODELS, MODELS.removesuffix("/"))
        for spell in (percent, quote, lambda text: quote(text, safe="").replace("%20", "+"))
        for order in permutations(names)
    }

    found = {read(*spelling).target for spelling in spellings}

    assert len(spellings) > 1_000
    assert found == {
        f"{MODELS}?duration=5&ordering=-name&page_size=20&provider=Acme+Inc&quality=high&search=a%2Fb"
    }


@pytest.mark.parametrize("spelled", ["5", "05", "0" * 90 + "5", "%35"])
def test_seconds_are_one_number_however_many_noughts_stand_before_them(spelled):
    target = read(QUOTE, f"model_id=a/b&duration={spelled}&quality=high".encode()).target

    assert target == f"{QUOTE}?duration=5&model_id=a%2Fb&quality=high"


def test_the_links_of_a_list_repeat_its_seconds_so_there_they_stay_as_they_are():
    assert read(MODELS, b"duration=05").target == f"{MODELS}?duration=05"


def test_tags_keep_their_order_because_links_do():
    one, other = read(MODELS, b"tag=a&tag=b"), read(MODELS, b"tag=b&tag=a")

    assert one.target != other.target
    assert set(one.tags) == set(other.tags)


@pytest.mark.parametrize(
    ("path", "query", "kind", "model_id"),
    [
        (MODELS, "", Kind.LIST, None),
        (f"{MODELS}premium/", "tag=a", Kind.PREMIUM, None),
        (f"{MODELS}default", "", Kind.DEFAULT, None),
        (f"{MODELS}google/veo-3/", "", Kind.DETAIL, "google/veo-3"),
        (f"{MODELS}google/veo-3/validate/", "duration=5&quality=high", Kind.VALIDATE, "google/veo-3"),
        (f"{MODELS}validate/validate/", "duration=5&quality=high", Kind.VALIDATE, "validate"),
        (f"{MODELS}validate/", "", Kind.DETAIL, "validate"),
        (QUOTE, "model_id=a/b&duration=5&quality=high", Kind.QUOTE, "a/b"),
        ("/api/v1/pricing/matrix/", "provider=A", Kind.MATRIX, None),
        ("/api/v1/pricing/compare/", "duration=5&quality=high", Kind.COMPARE, None),
    ],
)
def test_what_is_kept_ready(path, query, kind, model_id):
    found = read(path, query.encode())

    assert (found.kind, found.model_id) == (kind, model_id)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *((f"{MODELS}deprecations/", ""), (f"{MODELS}deprecations", "within_days=9")),
        *((f"{MODELS}stats/", ""), (f"{MODELS}a/b/stats/", ""), (f"{MODELS}a/b/history/", "")),
        *(("/api/v1/pricing/policy/", ""), (f"{MODELS}a/b/generations/", ""), (f"{MODELS}a/default/", "")),
        *((f"{MODELS}default/validate/", "duration=5&quality=high"), ("/api/v1/schema/", ""), ("/", "")),
        *((f"{MODELS}/", ""), (f"/{MODELS}", ""), (f"{MODELS}a//b/", ""), (f"{MODELS}../models/a/", "")),
        *((f"{MODELS}a/../b/", ""), (f"{MODELS}.a/", ""), (f"{MODELS}ä/", ""), (f"{MODELS}\udc80/", "")),
        *((f"{MODELS}a b/", ""), (f"{MODELS}{'a/' * 7}", ""), (f"{MODELS}{'a' * 201}/", "")),
        *((MODELS, "status=active"), (MODELS, "colour=red"), (MODELS, "page=1&page=2"), (MODELS, "page=")),
        *((MODELS, "provider"), (MODELS, "search=%00"), (MODELS, "search=%ff"), (MODELS, "search=ä")),
        *((MODELS, f"search={'x' * 201}"), (MODELS, f"search={'x' * 1_000}"), (MODELS, "tag=a&" * 6)),
        *((MODELS, "&".join(f"p{n}=1" for n in range(21))), (f"{MODELS}a/b/", "x=1")),
        *((f"{MODELS}default/", "tag=a"), ("/api/v1/pricing/matrix/", "tag=a")),
        *((QUOTE, "duration=5&quality=high"), (QUOTE, "model_id=a/stats&duration=5&quality=high")),
        *((QUOTE, "model_id=a/b&duration=-5&quality=high"), (QUOTE, f"model_id=a/b&duration={'0' * 100}5")),
    ],
)
def test_what_is_left_to_django(path, query):
    assert Addresses().find(path, query.encode("utf-8", "surrogateescape")) is None


def test_spellings_are_remembered_within_bounds():
    addresses = Addresses()

    for number in range(MOST_SPELLINGS + 10):
        addresses.find(MODELS, b"page=%d" % number)

    assert len(addresses._known) <= MOST_SPELLINGS
    assert addresses.find(MODELS, b"page=3").target == f"{MODELS}?page=3"


def test_the_price_of_another_moment_is_left_to_django():
    asked = b"model_id=a/b&duration=5&quality=high"

    assert read(QUOTE, asked + b"&explain=true&with_audio=false").kind is Kind.QUOTE
    assert read(QUOTE, asked + b"&at=2026-01-01T00:00:00Z") is None
    assert read("/api/v1/pricing/changes/", b"") is None
