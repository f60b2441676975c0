from decimal import Decimal

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from pricing.models import Rate
from tests.admin.pages import LIST, change_address, messages_of
from tests.admin.test_actions import Deed, tick, use
from tests.factories import AIModelFactory, rate, untraced

pytestmark = pytest.mark.django_db

DO = f"{LIST}do/duplicate/"


@pytest.fixture
def model() -> AIModel:
    values = {
        "category": "premium",
        "is_premium": True,
        "tags": ["fast"],
        "model_parameters": {"audio": True},
    }
    model = AIModelFactory(model_id="google/veo-3", name="Veo 3", max_duration=9, version="3", **values)
    rate(model, "high", "0.4")
    use(model, times=2)
    return model


def page_of(client: Client, model: AIModel) -> Deed:
    """The page, opened from the model's form."""
    page = Deed.__new__(Deed)
    page.client, page.address = client, DO
    page.read(client.get(f"{LIST}{model.pk}/duplicate/"))
    return page


def test_a_copy_is_a_draft_with_every_field_and_rate_and_nothing_else(
    admin_client: Client, model: AIModel
) -> None:
    page = Deed(admin_client, "duplicate", model, query="?q=veo", change_reason="A try")
    assert (page.values["model_id"], page.values["name"]) == ("google/veo-3-copy", "Veo 3 (copy)")
    assert "high $0.4 a second" in page.html
    assert f'href="{LIST}?q=veo"' in page.html
    assert AIModel.objects.count() == 1

    response = page.confirm(model_id="google/veo-4", name="Veo 4")
    copy = AIModel.objects.get(model_id="google/veo-4")
    assert response.headers["Location"] == change_address(copy)
    own = {"model_id": "google/veo-4", "name": "Veo 4", "is_active": False, "is_default": False}
    assert services.state(copy) == services.state(model) | own
    assert list(Rate.objects.filter(model=copy).values_list("quality", "amount")) == [
        ("high", Decimal("0.4"))
    ]
    assert (AIModel.objects.get(is_default=True), copy.version_number) == (model, 1)
    trail = AuditEntry.objects.changes().order_by("-number")[:2]
    assert [(entry.kind, entry.action, entry.subject, entry.reason) for entry in trail] == [
        ("rate", "create", "google/veo-4", "A try"),
        ("model", "create", "google/veo-4", "A try"),
    ]
    logged = LogEntry.objects.get()
    assert (logged.object_id, logged.action_flag) == (str(copy.pk), ADDITION)
    assert "Duplicated from google/veo-3." in logged.get_change_message()
    assert ">google/veo-4</a> is a copy of" in messages_of(admin_client)

    assert page.confirm(model_id="google/veo-4", name="Veo 4").status_code == 200  # sent twice
    assert AIModel.objects.count() == 2


def test_a_form_and_a_history_lead_to_the_page_and_it_leads_back(
    admin_client: Client, model: AIModel
) -> None:
    address = f"{LIST}{model.pk}/duplicate/"
    for page in ("change", "history"):
        assert f'href="{address}"' in admin_client.get(f"{LIST}{model.pk}/{page}/").content.decode()
    page = page_of(admin_client, model)
    assert f'class="closelink" href="{change_address(model)}"' in page.html
    page.confirm(name="")
    assert f'class="closelink" href="{change_address(model)}"' in page.html
    assert page.confirm(name="Veo 3 b").status_code == 302


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"model_id": ""}, "model_id", "This field is required."),
        ({"model_id": "Google/VEO-3"}, "model_id", "is taken by google/veo-3"),
        ({"model_id": "a b"}, "model_id", '"a b"'),
        ({"model_id": "google/default"}, "model_id", "can't be an id"),
        ({"model_id": "x" * 201}, "model_id", "at most 200 characters"),
        ({"name": " "}, "name", "This field is required."),
        ({"name": "a\tb%s"}, "name", "control character"),
        ({"name": "a\0b"}, "name", "Null characters"),
    ],
)
def test_what_a_new_model_may_not_be_is_said_beside_the_field(
    admin_client: Client, model: AIModel, typed: dict[str, str], field: str, words: str
) -> None:
    page = page_of(admin_client, model)
    page.confirm(**typed)
    assert words in " ".join(page.context["form"].errors[field])
    assert list(page.context["form"].errors) == [field]
    assert (AIModel.objects.count(), LogEntry.objects.count()) == (1, 0)


def test_a_model_that_breaks_a_rule_by_now_is_not_copied(admin_client: Client, model: AIModel) -> None:
    untraced(AIModel).filter(pk=model.pk).update(supported_qualities=["high", "gone"])
    page = page_of(admin_client, model)
    page.confirm()
    assert 'qualities: "gone" is no quality tier.' in page.html
    assert AIModel.objects.count() == 1


def test_who_was_quicker_is_looked_at_first(admin_client: Client, model: AIModel) -> None:
    page = page_of(admin_client, model)
    services.revise(model, {"cost_per_second": Decimal("0.3")})
    page.confirm(name="Typed")
    assert "google/veo-3 changed in the meantime" in page.html
    assert "$0.3 a second" in page.html
    assert page.values["name"] == "Typed"
    assert page.confirm().status_code == 302


def test_an_id_is_proposed_that_is_free_and_fits(admin_client: Client, model: AIModel) -> None:
    AIModelFactory(model_id="google/VEO-3-copy")
    assert page_of(admin_client, model).values["model_id"] == "google/veo-3-copy-2"
    long = AIModelFactory(model_id="a/" + "x" * 198, name="n" * 200)
    page = page_of(admin_client, long)
    assert (len(page.values["model_id"]), len(page.values["name"])) == (200, 200)
    assert page.confirm().status_code == 302


def test_exactly_one_model_by_who_may_add_one(admin_client: Client, model: AIModel) -> None:
    tick(admin_client, "duplicate", model, AIModelFactory())
    assert "“Duplicate” takes exactly one model" in messages_of(admin_client)
    for key in ("0", "x", "9" * 30, "%00", "1_00"):
        assert admin_client.get(f"{LIST}{key}/duplicate/").status_code == 404
    assert admin_client.get(DO).headers["Location"] == LIST


def test_viewers_copy_nothing(client: Client, viewer: User, model: AIModel) -> None:
    client.force_login(viewer)
    assert client.get(f"{LIST}{model.pk}/duplicate/").status_code == 403
    sent = {"chosen": f"{model.pk}:1", "model_id": "a/b", "name": "A", "confirmed": "yes"}
    assert client.post(DO, sent).status_code == 403
    assert "duplicate/" not in client.get(change_address(model)).content.decode()
    assert AIModel.objects.count() == 1


def test_who_may_not_see_models_gets_no_copies_of_them(client: Client) -> None:
    model = AIModelFactory()
    adder = User.objects.create_user("adder", is_staff=True)
    adder.user_permissions.add(Permission.objects.get(codename="add_aimodel"))
    client.force_login(adder)
    sent = {
        "chosen": f"{model.pk}:{model.version_number}",
        "confirmed": "yes",
        "model_id": "a/b",
        "name": "B",
    }
    assert client.get(f"{LIST}{model.pk}/duplicate/").status_code == 403
    assert client.post(f"{LIST}do/duplicate/", sent).status_code == 403
    assert AIModel.objects.count() == 1


def test_a_copy_of_what_is_gone_leads_back_to_the_list(admin_client: Client) -> None:
    AIModelFactory()
    response = admin_client.post(f"{LIST}do/duplicate/", {"chosen": "9999999:1", "confirmed": "yes"})
    assert (response.status_code, response.headers["Location"]) == (302, LIST)
