import pytest

from models_registry import services
from tests.factories import AIModelFactory

pytestmark = pytest.mark.django_db

# Two requests differ in these whatever they ask for.
OF_THE_REQUEST = {"X-Request-ID", "RateLimit"}


def without_request_id(response) -> dict:
    return {name: value for name, value in response.json().items() if name != "request_id"}


def test_a_model_is_served_with_every_field_of_the_contract(get):
    model = AIModelFactory(
        model_id="luma/ray-2-720p",
        name="Luma Ray-2-720p",
        description="Fast.",
        version="2.0",
        provider="Luma",
        category="budget",
        tags=["fast"],
        cost_per_second="0.180",
        max_duration=9,
        model_parameters={"quality": "720p"},
    )

    response = get("models/luma/ray-2-720p/")

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    served = response.json()
    for time in ("created_at", "updated_at"):
        assert served.pop(time).endswith("Z")
    assert served == {
        "model_id": "luma/ray-2-720p",
        "name": "Luma Ray-2-720p",
        "description": "Fast.",
        "version": "2.0",
        "provider": "Luma",
        "category": "budget",
        "tags": ["fast"],
        "cost_per_second": "0.18",
        "supported_durations": [5, 9],
        "supported_qualities": ["standard", "high", "ultra"],
        "max_duration": 9,
        "fixed_duration": None,
        "is_active": True,
        "is_premium": False,
        "is_default": True,
        "is_deprecated": False,
        "status": "active",
        "replicate_model_id": model.replicate_model_id,
        "model_parameters": {"quality": "720p"},
        "requirements": {},
        "deprecated_at": None,
    }


@pytest.mark.parametrize(("cost", "text"), [("100", "100"), ("0.000000001", "0.000000001"), ("1.50", "1.5")])
def test_money_is_a_plain_decimal_text(get, cost, text):
    AIModelFactory(model_id="a/b", cost_per_second=cost)

    assert get("models/a/b/").json()["cost_per_second"] == text


@pytest.mark.parametrize(
    "address",
    ["models/fal/x/y.5/z/", "models/fal/x/y.5/z", "models/fal%2Fx%2Fy.5%2Fz/", "models/fal/x%2Fy.5/z"],
)
def test_slashes_in_ids_may_be_written_either_way(get, address):
    AIModelFactory(model_id="fal/x/y.5/z")

    assert get(address).json()["model_id"] == "fal/x/y.5/z"


def test_a_parameter_of_the_list_is_unknown_elsewhere_whoever_asks(get):
    AIModelFactory()

    assert get("models/default/", status="draft").status_code == 400


class TestWhoSeesWhat:
    @pytest.fixture
    def hidden(self):
        AIModelFactory(model_id="a/draft", is_active=False)
        AIModelFactory()
        services.retire(AIModelFactory(model_id="a/retired"))

    @pytest.mark.usefixtures("hidden")
    @pytest.mark.parametrize("model_id", ["a/draft", "a/retired"])
    def test_a_hidden_model_looks_like_one_that_never_was(self, get, model_id):
        hidden, unknown = get(f"models/{model_id}/"), get("models/a/nothing/")

        assert hidden.status_code == unknown.status_code == 404
        assert without_request_id(hidden) == without_request_id(unknown)
        assert {k: v for k, v in hidden.headers.items() if k not in OF_THE_REQUEST} == {
            k: v for k, v in unknown.headers.items() if k not in OF_THE_REQUEST
        }

    def test_a_deprecated_model_is_still_shown(self, get):
        AIModelFactory(model_id="a/leaving", is_deprecated=True)

        assert get("models/a/leaving/").json()["status"] == "deprecated"

    @pytest.mark.usefixtures("hidden")
    @pytest.mark.parametrize("status", ["draft", "retired"])
    def test_catalogue_rights_show_every_model(self, get, client, viewer, status):
        client.force_login(viewer)

        assert get(f"models/a/{status}/").json()["status"] == status


@pytest.mark.parametrize(
    "address",
    [
        "models/a\0b/",
        "models/%00/",
        "models/../../etc/passwd/",
        "models/..%2f..%2fetc/",
        "models/%F0%9F%8E%AC/",
        "models/" + "a/" * 500,
        "models/a'%20OR%201=1--/",
        "models/%25/",
        "models//",
    ],
)
def test_strange_ids_are_simply_not_found(get, address):
    response = get(address)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_parameters_are_refused_where_there_are_none(get):
    AIModelFactory(model_id="a/b")

    for address in ("models/a/b/", "models/default/"):
        response = get(address, expand="rates")
        assert response.status_code == 400
        assert response.json()["errors"][0]["field"] == "expand"


class TestTheDefault:
    def test_it_is_served_like_any_model(self, get):
        model = AIModelFactory()
        AIModelFactory()

        assert get("models/default/").json() == get(f"models/{model.model_id}/").json()

    def test_a_move_shows_in_the_next_request(self, get):
        AIModelFactory()
        second = AIModelFactory()
        assert get("models/default/").json()["model_id"] != second.model_id

        services.make_default(second)

        assert get("models/default/").json()["model_id"] == second.model_id

    def test_without_an_active_model_there_is_none(self, get):
        AIModelFactory(is_active=False)

        response = get("models/default/")

        assert response.status_code == 404
        assert response.json()["code"] == "no_default_model"


class TestValidate:
    @pytest.fixture(autouse=True)
    def model(self):
        return AIModelFactory(model_id="google/veo-3", supported_durations=[8])

    def test_an_offered_combination_is_valid(self, get):
        assert get("models/google/veo-3/validate/", duration=8, quality="high").json() == {
            "model_id": "google/veo-3",
            "valid": True,
            "code": None,
            "reason": None,
            "alternatives": {"durations": [], "qualities": []},
        }

    def test_one_that_is_not_names_the_alternatives(self, get):
        response = get("models/google/veo-3/validate/", duration=5, quality="8k")

        assert response.status_code == 200
        assert response.json() == {
            "model_id": "google/veo-3",
            "valid": False,
            "code": "unsupported_duration",
            "reason": "5 s is not offered; 8 s is. "
            'Quality "8k" is not offered; standard or high or ultra is.',
            "alternatives": {"durations": [8], "qualities": ["standard", "high", "ultra"]},
        }

    @pytest.mark.parametrize("model_id", ["no/such", "a/draft", "%00", "x%20y", "validate"])
    def test_what_is_not_for_sale_is_unavailable(self, get, model_id):
        AIModelFactory(model_id="a/draft", is_active=False)

        response = get(f"models/{model_id}/validate/", duration=5, quality="high")

        assert response.status_code == 200
        assert response.json()["code"] == "model_unavailable"
        assert response.json()["alternatives"] == {"durations": [], "qualities": []}

    @pytest.mark.parametrize("duration", ["0", "-5", "3601", "9" * 18])
    def test_a_whole_number_that_nobody_offers_is_unsupported(self, get, duration):
        response = get("models/google/veo-3/validate/", duration=duration, quality="high")

        assert response.json()["code"] == "unsupported_duration"

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"quality": "high"}, "duration"),
            ({"duration": 8}, "quality"),
            ({"duration": "8.0", "quality": "high"}, "duration"),
            ({"duration": "+8", "quality": "high"}, "duration"),
            ({"duration": "٨", "quality": "high"}, "duration"),
            ({"duration": "9" * 5000, "quality": "high"}, "duration"),
            ({"duration": "", "quality": "high"}, "duration"),
            ({"duration": [8, 8], "quality": "high"}, "duration"),
            ({"duration": 8, "quality": "\0"}, "quality"),
            ({"duration": 8, "quality": "high", "colour": "red"}, "colour"),
        ],
    )
    def test_malformed_input_is_refused_by_name(self, get, query, field):
        response = get("models/google/veo-3/validate/", **query)

        assert response.status_code == 400
        assert [error["field"] for error in response.json()["errors"]] == [field]
