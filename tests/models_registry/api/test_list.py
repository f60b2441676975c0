import pytest

from models_registry import services
from models_registry.models import AIModel
from tests.factories import AIModelFactory, untraced
from tests.laying import laid_once

pytestmark = pytest.mark.django_db


def ids(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [model["model_id"] for model in response.json()["results"]]


@laid_once("class")
def shelf():
    AIModelFactory(
        model_id="google/veo-3",
        name="Veo",
        provider="Google",
        category="premium",
        is_premium=True,
        cost_per_second="0.75",
        tags=["audio", "best"],
        supported_durations=[8],
        supported_qualities=["high", "ultra"],
    )
    AIModelFactory(model_id="luma/ray", name="Ray", provider="Luma", cost_per_second="0.18", tags=["audio"])
    AIModelFactory(model_id="a/draft", is_active=False)
    AIModelFactory(model_id="a/leaving", is_deprecated=True)
    services.retire(AIModelFactory(model_id="a/retired"))


@pytest.mark.usefixtures("shelf")
class TestFilters:
    def test_without_any_the_active_models_are_listed_by_name(self, get):
        assert ids(get("models/")) == ["luma/ray", "google/veo-3"]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"provider": "Google"}, {"google/veo-3"}),
            ({"provider": "google"}, set()),
            ({"category": "premium"}, {"google/veo-3"}),
            ({"category": "budget"}, set()),
            ({"tag": "audio"}, {"google/veo-3", "luma/ray"}),
            ({"tag": ["audio", "best"]}, {"google/veo-3"}),
            ({"quality": "standard"}, {"luma/ray"}),
            ({"quality": "8k"}, set()),
            ({"duration": "8"}, {"google/veo-3"}),
            ({"duration": "3600"}, set()),
            ({"is_premium": "true"}, {"google/veo-3"}),
            ({"is_premium": "false"}, {"luma/ray"}),
            ({"max_cost_per_second": "0.18"}, {"luma/ray"}),
            ({"max_cost_per_second": "0.179999999"}, set()),
            ({"search": "VEO"}, {"google/veo-3"}),
            ({"search": "%"}, set()),
            ({"search": ""}, {"google/veo-3", "luma/ray"}),
            ({"tag": "audio", "is_premium": "false", "duration": "5"}, {"luma/ray"}),
        ],
    )
    def test_each_keeps_what_it_says(self, get, query, expected):
        assert set(ids(get("models/", **query))) == expected

    @pytest.mark.parametrize(
        ("ordering", "first"),
        [
            ("name", "luma/ray"),
            ("-name", "google/veo-3"),
            ("cost_per_second", "luma/ray"),
            ("-cost_per_second", "google/veo-3"),
            ("provider", "google/veo-3"),
            ("-created_at", "luma/ray"),
            ("provider,-name", "google/veo-3"),
        ],
    )
    def test_ordering_puts_it_first(self, get, ordering, first):
        assert ids(get("models/", ordering=ordering))[0] == first

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"colour": "red"}, "colour"),
            ({"Provider": "Google"}, "Provider"),
            ({"category": "luxury"}, "category"),
            ({"category": ""}, "category"),
            ({"provider": ["Google", "Luma"]}, "provider"),
            ({"duration": "5.0"}, "duration"),
            ({"duration": "five"}, "duration"),
            ({"duration": "0"}, "duration"),
            ({"duration": "3601"}, "duration"),
            ({"duration": "9" * 30}, "duration"),
            ({"duration": "٥"}, "duration"),
            ({"is_premium": "yes"}, "is_premium"),
            ({"is_premium": "True"}, "is_premium"),
            ({"max_cost_per_second": "NaN"}, "max_cost_per_second"),
            ({"max_cost_per_second": "1e400"}, "max_cost_per_second"),
            ({"max_cost_per_second": "-1"}, "max_cost_per_second"),
            ({"max_cost_per_second": "1_0"}, "max_cost_per_second"),
            ({"search": "a\0b"}, "search"),
            ({"search": "x" * 201}, "search"),
            ({"provider": "\0"}, "provider"),
            ({"tag": "\0"}, "tag"),
            ({"quality": "\0"}, "quality"),
            ({"ordering": "created_by__password"}, "ordering"),
            ({"ordering": "model_id"}, "ordering"),
            ({"ordering": "?"}, "ordering"),
            ({"ordering": "%s"}, "ordering"),
            ({"duration": "%d"}, "duration"),
            ({"max_cost_per_second": "%(cost)s"}, "max_cost_per_second"),
            ({"is_premium": "100%"}, "is_premium"),
            ({"category": "%s%"}, "category"),
            ({"ordering": ","}, "ordering"),
            ({"ordering": "name,"}, "ordering"),
            ({"ordering": "--name"}, "ordering"),
            ({"page": "0"}, "page"),
            ({"page": "-1"}, "page"),
            ({"page": "one"}, "page"),
            ({"page": "9" * 5000}, "page"),
            ({"page_size": "0"}, "page_size"),
            ({"page_size": "many"}, "page_size"),
            ({"page": ["1", "2"]}, "page"),
        ],
    )
    def test_a_malformed_one_is_refused_by_name(self, get, query, field):
        response = get("models/", **query)

        assert response.status_code == 400
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == "invalid"
        assert [error["field"] for error in response.json()["errors"]] == [field]

    def test_premium_takes_the_same_filters(self, get):
        assert ids(get("models/premium/")) == ["google/veo-3"]
        assert ids(get("models/premium/", provider="Luma")) == []
        assert get("models/premium/", colour="red").status_code == 400


@pytest.mark.usefixtures("shelf")
class TestStatus:
    def test_who_has_no_credentials_is_asked_for_them(self, get):
        response = get("models/", status="draft")

        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")

    def test_authorisation_comes_before_validation(self, get):
        assert get("models/", status="nonsense", colour="red").status_code == 401

    def test_staff_without_the_right_are_refused(self, get, client, django_user_model):
        client.force_login(django_user_model.objects.create_user("newcomer", is_staff=True))

        assert get("models/", status="draft").status_code == 403

    def test_customers_are_refused_whatever_their_rights(self, get, client, viewer):
        viewer.is_staff = False
        viewer.save()
        client.force_login(viewer)

        assert get("models/", status="draft").status_code == 403

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("draft", {"a/draft"}),
            ("retired", {"a/retired"}),
            ("deprecated", {"a/leaving"}),
            ("active", {"google/veo-3", "luma/ray"}),
            ("draft,retired", {"a/draft", "a/retired"}),
        ],
    )
    def test_with_catalogue_rights_each_status_is_listed(self, get, client, viewer, status, expected):
        client.force_login(viewer)

        assert set(ids(get("models/", status=status))) == expected

    @pytest.mark.parametrize("status", ["dead", "draft,", ",", "DRAFT", "%d"])
    def test_no_status_is_refused(self, get, client, viewer, status):
        client.force_login(viewer)

        response = get("models/", status=status)

        assert response.status_code == 400
        assert [error["field"] for error in response.json()["errors"]] == ["status"]


class TestPages:
    @pytest.fixture
    def many(self):
        for letter in "ecadb":  # in no order, so that none comes about by itself
            AIModelFactory(model_id=f"a/{letter}", name="Same")

    @pytest.mark.usefixtures("many")
    @pytest.mark.parametrize(
        "ordering", ["", "&ordering=-name", "&ordering=provider", "&ordering=cost_per_second"]
    )
    def test_pages_meet_without_gap_or_overlap_though_all_are_equal(self, get, ordering):
        seen = []
        address = f"models/?page_size=2{ordering}"
        while address:
            page = get(address).json()
            assert page["count"] == 5
            seen += [model["model_id"] for model in page["results"]]
            address = (page["next"] or "").removeprefix("/api/v1/")

        assert seen == sorted(AIModel.objects.values_list("model_id", flat=True))

    @pytest.mark.usefixtures("many")
    def test_links_are_paths_without_a_host(self, get):
        page = get("models/?page=2&page_size=2&ordering=name").json()

        assert page["next"] == "/api/v1/models/?ordering=name&page=3&page_size=2"
        assert page["previous"] == "/api/v1/models/?ordering=name&page_size=2"

    def test_a_page_holds_50_unless_asked_and_never_more_than_200(self, get, django_assert_num_queries):
        prototype = AIModelFactory()
        untraced(AIModel).bulk_create(
            AIModel(
                **{**services.state(prototype), "model_id": f"b/{n}", "is_default": False},
            )
            for n in range(249)
        )

        assert len(get("models/").json()["results"]) == 50
        with django_assert_num_queries(3):
            assert len(get("models/", page_size=1000).json()["results"]) == 200

    def test_a_page_past_the_end_is_404(self, get):
        response = get("models/", page=2)

        assert response.status_code == 404
        assert response.json()["code"] == "not_found"

    def test_an_empty_catalogue_is_an_empty_page(self, get):
        assert get("models/").json() == {"count": 0, "next": None, "previous": None, "results": []}
