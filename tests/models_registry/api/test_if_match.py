"""Lost updates: who saw an older state of a model is told so, and overwrites nothing."""

import pytest

from models_registry import services
from models_registry.models import AIModel
from tests.factories import AIModelFactory
from tests.laying import laid_once
from tests.models_registry.api.conftest import catalogue, new_model

WRITES = {
    "patch": ("patch", "models/a/b/", {"name": "New"}),
    "no-op": ("patch", "models/a/b/", {}),
    "put": ("put", "models/a/b/", new_model("a/b")),
    "delete": ("delete", "models/a/b/", None),
    "default": ("post", "models/a/b/default/", None),
    "restore": ("post", "models/a/b/restore/", None),
}


@laid_once("module")
def models() -> None:
    AIModelFactory()
    AIModelFactory(model_id="a/b")


@pytest.fixture
def model(models: None, db: None) -> AIModel:
    """A model that is not the default."""
    return AIModel.objects.get(model_id="a/b")


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
class TestEveryWrite:
    @pytest.mark.parametrize("sent", ["{tag}", '"other", {tag}', " {tag} ", "*"])
    def test_it_goes_through_with_the_tag_of_the_state_that_stands(self, send, get, model, write, sent):
        tag = get("models/a/b/")["ETag"]

        assert send(*write, headers={"if-match": sent.format(tag=tag)}).status_code in {200, 204}

    @pytest.mark.parametrize("sent", ['"other"', "W/{tag}", "{bare}", '{tag}"', "", '"', '*, "other"'])
    def test_it_is_refused_with_any_other(self, send, get, model, write, sent):
        tag, before = get("models/a/b/")["ETag"], catalogue()

        response = send(*write, headers={"if-match": sent.format(tag=tag, bare=tag.strip('"'))})

        assert (response.status_code, response.json()["code"]) == (412, "stale_model")
        assert catalogue() == before

    def test_it_is_refused_after_somebody_elses_change(self, send, get, model, write):
        seen = get("models/a/b/")["ETag"]
        services.revise(model, {"name": "Changed"})

        assert send(*write, headers={"if-match": seen}).status_code == 412
        assert AIModel.objects.get(model_id="a/b").name == "Changed"

    def test_it_is_refused_if_the_change_comes_between_looking_and_writing(
        self, send, get, model, write, monkeypatch
    ):
        seen = get("models/a/b/")["ETag"]

        def overtaken(*_: object) -> bool:
            services.revise(model, {"name": "Changed"})
            return True

        monkeypatch.setattr("models_registry.api.writes.names", overtaken)

        assert send(*write, headers={"if-match": seen}).status_code == 412
        assert AIModel.objects.get(model_id="a/b").name == "Changed"

    def test_an_unknown_model_matches_nothing(self, send, write):
        method, path, body = write

        response = send(method, path.replace("a/b", "no/such"), body, headers={"if-match": "*"})

        assert response.status_code == 404


def test_the_tag_of_a_write_is_good_for_the_next_one(send, model):
    first = send("patch", "models/a/b/", {"name": "One"})

    second = send("patch", "models/a/b/", {"name": "Two"}, headers={"if-match": first["ETag"]})
    third = send("patch", "models/a/b/", {"name": "Three"}, headers={"if-match": first["ETag"]})

    assert (second.status_code, third.status_code) == (200, 412)
    assert AIModel.objects.get(model_id="a/b").name == "Two"


def test_a_client_that_reads_indented_json_has_tags_of_its_own(admin_client, model):
    indented = {"accept": "application/json; indent=4"}
    tag = admin_client.get("/api/v1/models/a/b/", headers=indented)["ETag"]

    response = admin_client.patch(
        "/api/v1/models/a/b/",
        {"name": "New"},
        content_type="application/json",
        headers={**indented, "if-match": tag},
    )

    assert response.status_code == 200
    assert response["ETag"] == admin_client.get("/api/v1/models/a/b/", headers=indented)["ETag"]
