from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.choices import Status
from models_registry.models import AIModel, QualityTier
from models_registry.querysets import CatalogueRevisionQuerySet
from models_registry.usage.periods import Grain
from models_registry.usage.recording import record
from tests.admin.pages import LIST, messages_of, read_form
from tests.factories import AIModelFactory, untraced

pytestmark = pytest.mark.django_db

STATUS_DEEDS = ["activate", "deactivate", "retire", "restore"]
DEEDS = [*STATUS_DEEDS, "make_default"]


def tick(client: Client, name: str, *models: AIModel, query: str = "", **values: str) -> Any:
    """What follows when `models` are ticked and the action `name` is chosen."""
    ticked = [model.pk for model in models]
    return client.post(LIST + query, {"action": name, "_selected_action": ticked, "index": "0", **values})


class Deed:
    """The page that follows when `models` are ticked and `name` is chosen."""

    def __init__(self, client: Client, name: str, *models: AIModel, query: str = "", **values: str) -> None:
        self.client, self.address = client, f"{LIST}do/{name.replace('_', '-')}/"
        self.read(tick(client, name, *models, query=query, **values))

    def read(self, response: Any) -> None:
        assert response.status_code == 200
        self.html = unescape(response.content.decode())
        self.context = response.context
        self.values = read_form(self.html, "deed-form")

    @property
    def offers_to_confirm(self) -> bool:
        return 'name="confirmed"' in self.html

    @property
    def steps(self) -> dict[str, str]:
        """Of each model: what it is now and what it will be, or why not."""
        return {
            step.model.model_id: step.refusal
            or " → ".join(dict.fromkeys([" ".join(step.now), " ".join(step.then)]))
            for step in self.context["plan"].steps
        }

    def confirm(self, **values: Any) -> Any:
        response = self.client.post(self.address, {**self.values, **values, "confirmed": "yes"})
        if response.status_code == 200:
            self.read(response)
        return response


def status(model: AIModel) -> str:
    return AIModel.objects.get(pk=model.pk).status


def default() -> AIModel:
    return AIModel.objects.get(is_default=True)


def use(model: AIModel, *, times: int) -> None:
    """Have `model` generate something just now."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for turn in range(times):
        said = {"generation_id": f"{model.pk}-{turn}", "generation_time": 2, "success": True}
        record(model.model_id, {**said, "finished_at": now})


def deprecated(**values: Any) -> AIModel:
    return services.revise(AIModelFactory(**values), {"is_deprecated": True})


@pytest.fixture
def shop() -> dict[str, AIModel]:
    """A model of each status, and the default."""
    standing = AIModelFactory(model_id="acme/first", name="Default")
    return {
        "default": standing,
        "active": AIModelFactory(model_id="acme/active"),
        "draft": AIModelFactory(model_id="acme/draft", is_active=False),
        "deprecated": deprecated(model_id="acme/deprecated"),
        "retired": services.retire(AIModelFactory(model_id="acme/retired")),
    }


# --- What the pages say, and do ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "told", "becomes"),
    [
        (
            "activate",
            {
                "acme/active": "active",
                "acme/draft": "draft → active",
                "acme/deprecated": "deprecated → active",
                "acme/retired": "acme/retired is retired; Restore brings it back.",
            },
            {"draft": "active", "deprecated": "active", "retired": "retired"},
        ),
        (
            "deactivate",
            {
                "acme/active": "active → draft",
                "acme/draft": "draft",
                "acme/deprecated": "deprecated → retired",
                "acme/retired": "retired",
            },
            {"active": "draft", "deprecated": "retired"},
        ),
        (
            "retire",
            {
                "acme/active": "active → retired",
                "acme/draft": "draft → retired",
                "acme/deprecated": "deprecated → retired",
                "acme/retired": "retired",
            },
            {"active": "retired", "draft": "retired", "deprecated": "retired"},
        ),
        (
            "restore",
            {
                "acme/active": "active",
                "acme/draft": "acme/draft is draft; only a retired model can be restored.",
                "acme/deprecated": "acme/deprecated is deprecated; only a retired model can be restored.",
                "acme/retired": "retired → active",
            },
            {"retired": "active", "draft": "draft", "deprecated": "deprecated"},
        ),
    ],
)
def test_a_page_says_what_becomes_of_every_model_and_then_just_that_happens(
    admin_client: Client, shop: dict[str, AIModel], name: str, told: dict[str, str], becomes: dict[str, str]
) -> None:
    chosen = [shop[each] for each in ("active", "draft", "deprecated", "retired")]
    page = Deed(admin_client, name, *chosen, query="?premium=no&p=1", change_reason="Autumn")
    assert page.steps == told
    assert all(sentence in page.html for sentence in told.values() if "→" not in sentence)
    assert page.values["change_reason"] == "Autumn"
    assert {status(model) for model in chosen} == {"active", "draft", "deprecated", "retired"}

    changed = [model_id for model_id, step in told.items() if "→" in step]
    already = AuditEntry.objects.latest("number").number
    response = page.confirm()
    assert response.headers["Location"] == f"{LIST}?premium=no"
    assert {key: status(shop[key]) for key in becomes} == becomes
    links = [f'<a href="{LIST}{shop[key.removeprefix("acme/")].pk}/change/">{key}</a>' for key in changed]
    assert f"{name.removesuffix('e')}ed: {', '.join(links)}.".capitalize() in messages_of(admin_client)
    entries = AuditEntry.objects.filter(number__gt=already).changes()
    assert {(entry.subject, entry.reason) for entry in entries} == {(each, "Autumn") for each in changed}
    assert sorted(LogEntry.objects.values_list("object_id", flat=True)) == sorted(
        str(shop[key.removeprefix("acme/")].pk) for key in changed
    )


@pytest.mark.parametrize("name", STATUS_DEEDS)
def test_where_nothing_would_change_only_the_way_back_is_left(
    admin_client: Client, shop: dict[str, AIModel], name: str
) -> None:
    idle = {"activate": "active", "deactivate": "draft", "retire": "retired", "restore": "draft"}
    model = shop[idle[name]]
    page = Deed(admin_client, name, model, query="?q=acme")
    assert not page.offers_to_confirm
    assert f'href="{LIST}?q=acme"' in page.html
    page.confirm()
    assert "Nothing was changed." in page.html
    assert (status(model), LogEntry.objects.count()) == (idle[name], 0)


def test_who_used_a_model_lately_is_told_before_it_leaves(
    admin_client: Client, shop: dict[str, AIModel]
) -> None:
    use(shop["active"], times=3)
    for name in ("retire", "deactivate"):
        page = Deed(admin_client, name, shop["deprecated"], shop["active"])
        today = Grain.DAY.start_of(datetime.now(UTC)).date()
        assert f"It was used 3 times in the last 30 days, the last time on {today} (UTC)." in page.html


@pytest.mark.parametrize(("name", "left"), [("retire", "retired"), ("deactivate", "draft")])
def test_when_the_default_leaves_another_model_takes_over(
    admin_client: Client, shop: dict[str, AIModel], name: str, left: str
) -> None:
    other = AIModelFactory(model_id="acme/other", name="<i>")
    page = Deed(admin_client, name, shop["default"], shop["active"], change_reason="Autumn")
    assert page.steps["acme/first"] == f"active default → {left}"
    assert "It is the default model: another model has to take over." in page.html
    (field,) = page.context["form"]
    assert [value for value, _ in field.field.choices] == ["", other.pk]

    for wrong in ("", "x", "9" * 30, "1\0", str(shop["active"].pk), str(shop["draft"].pk)):
        assert page.confirm(takeover=wrong).status_code == 200
        assert page.context["form"].errors["takeover"]
    assert (default(), status(shop["active"]), LogEntry.objects.count()) == (shop["default"], "active", 0)

    assert page.confirm(takeover=str(other.pk)).status_code == 302
    assert (default(), status(shop["default"]), status(shop["active"])) == (other, left, left)
    assert "Made the default: <a" in messages_of(admin_client)
    assert LogEntry.objects.count() == 3
    assert AuditEntry.objects.changes().filter(reason="Autumn").count() == 4  # the flag's two rows, and two


def test_a_model_that_breaks_a_rule_by_now_takes_nothing_over(
    admin_client: Client, shop: dict[str, AIModel]
) -> None:
    untraced(AIModel).filter(pk=shop["active"].pk).update(supported_qualities=["go%ne"])
    page = Deed(admin_client, "retire", shop["default"])
    page.confirm(takeover=str(shop["active"].pk))
    assert 'acme/active can\'t take over: qualities: "go%ne" is no quality tier.' in page.html
    assert (default(), status(shop["default"])) == (shop["default"], "active")


def test_the_last_active_model_stays(admin_client: Client) -> None:
    last, draft = AIModelFactory(), AIModelFactory(is_active=False)
    page = Deed(admin_client, "retire", last, draft)
    assert (
        page.steps[last.model_id]
        == "It is the default model, and no other active model is there to take over."
    )
    assert "takeover" not in page.values
    page.confirm()
    assert (status(last), status(draft)) == (Status.ACTIVE, Status.RETIRED)


@pytest.mark.parametrize("name", ["activate", "restore"])
def test_the_first_active_model_becomes_the_default_and_the_page_says_so(
    admin_client: Client, name: str
) -> None:
    first, second = (AIModelFactory(is_active=False) for _ in range(2))
    if name == "restore":
        first, second = services.retire(first), services.retire(second)
    page = Deed(admin_client, name, first, second)
    assert sorted(page.steps.values()) == sorted(
        [f"{status(first)} → active default", f"{status(first)} → active"]
    )
    assert page.html.count("It becomes the default: no model is the default now.") == 1
    promised = next(model_id for model_id, step in page.steps.items() if "default" in step)
    page.confirm()
    assert default().model_id == promised


def test_a_row_that_breaks_a_rule_by_now_is_left_out(admin_client: Client, shop: dict[str, AIModel]) -> None:
    other = services.retire(AIModelFactory())
    untraced(AIModel).filter(pk=shop["retired"].pk).update(supported_qualities=["gone"])
    page = Deed(admin_client, "restore", shop["retired"], other)
    assert (
        page.steps["acme/retired"]
        == 'qualities: "gone" is no quality tier. There are: high, standard, ultra.'
    )
    assert page.confirm().status_code == 302
    assert (status(shop["retired"]), status(other)) == (Status.RETIRED, Status.ACTIVE)


def test_making_a_model_the_default_says_which_one_loses_the_flag(
    admin_client: Client, shop: dict[str, AIModel]
) -> None:
    page = Deed(admin_client, "make_default", shop["active"], change_reason="Autumn")
    assert page.steps == {"acme/active": "active → active default", "acme/first": "active default → active"}
    assert page.confirm().status_code == 302
    assert default() == shop["active"]
    told = dict(LogEntry.objects.values_list("object_id", "change_message"))
    assert told == {
        str(shop["active"].pk): "Made the default.",
        str(shop["default"].pk): "No longer the default.",
    }
    assert {entry.reason for entry in AuditEntry.objects.changes().order_by("-number")[:2]} == {"Autumn"}

    assert "It is the default already." in Deed(admin_client, "make_default", shop["active"]).html
    page = Deed(admin_client, "make_default", shop["draft"])
    assert "only an active model can be the default" in page.html
    assert not page.offers_to_confirm

    tick(admin_client, "make_default", shop["default"], shop["active"])
    assert "takes exactly one model" in messages_of(admin_client)
    several = ",".join(f"{model.pk}:1" for model in shop.values())
    assert admin_client.post(f"{LIST}do/make-default/", {"chosen": several}).status_code == 400
    assert default() == shop["active"]


def test_many_models_make_a_short_message(admin_client: Client) -> None:
    AIModelFactory()
    models = [AIModelFactory(is_active=False) for _ in range(7)]
    response = Deed(admin_client, "retire", *models).confirm()
    assert response.status_code == 302
    told = messages_of(admin_client)
    assert told.count("<a ") == 5
    assert told.endswith(" … and 2 more.")


# --- What happens in the meantime --------------------------------------------------------------------------


def move_the_default(shop: dict[str, AIModel]) -> None:
    services.make_default(shop["active"])


def take_a_tier_away(shop: dict[str, AIModel]) -> None:
    untraced(QualityTier).filter(key="ultra").delete()


def test_a_model_that_changed_in_the_meantime_is_looked_at_again(
    admin_client: Client, shop: dict[str, AIModel]
) -> None:
    page = Deed(admin_client, "retire", shop["active"], shop["draft"])
    services.revise(shop["active"], {"name": "Theirs"})
    page.confirm(change_reason="Typed")
    assert "acme/active changed in the meantime" in page.html
    assert page.values["change_reason"] == "Typed"
    assert status(shop["draft"]) == Status.DRAFT
    assert page.confirm().status_code == 302
    assert status(shop["active"]) == Status.RETIRED


@pytest.mark.parametrize(
    ("name", "of", "meanwhile"),
    [("make_default", "deprecated", move_the_default), ("restore", "retired", take_a_tier_away)],
)
def test_nothing_else_happens_than_was_shown(
    admin_client: Client,
    shop: dict[str, AIModel],
    name: str,
    of: str,
    meanwhile: Callable[[dict[str, AIModel]], None],
) -> None:
    model = services.revise(shop[of], Status.ACTIVE.flags) if name == "make_default" else shop[of]
    page = Deed(admin_client, name, model)
    meanwhile(shop)
    page.confirm()
    assert "Something else would happen by now than was shown." in page.html
    assert AIModel.objects.get(pk=model.pk).version_number == model.version_number


def test_what_is_sent_twice_is_done_once(admin_client: Client, shop: dict[str, AIModel]) -> None:
    page = Deed(admin_client, "retire", shop["active"])
    assert page.confirm().status_code == 302
    entries = AuditEntry.objects.changes().count()
    page.confirm()
    assert "Nothing was changed" in page.html
    assert "It is retired already." in page.html
    assert not page.offers_to_confirm
    assert (AuditEntry.objects.changes().count(), LogEntry.objects.count()) == (entries, 1)


def test_models_that_are_there_no_more_are_left_out(admin_client: Client, shop: dict[str, AIModel]) -> None:
    page = Deed(admin_client, "retire", shop["active"], shop["draft"])
    pk = shop["draft"].pk
    untraced(AIModel).filter(pk=pk).delete()
    page.confirm()
    assert "some of the chosen models are there no more" in page.html
    assert status(shop["active"]) == Status.ACTIVE
    assert page.confirm().status_code == 302
    assert status(shop["active"]) == Status.RETIRED
    assert admin_client.post(page.address, {"chosen": f"{pk}:1", "back": "q=a"}).headers["Location"] == (
        f"{LIST}?q=a"
    )
    assert "the chosen models are there no more" in messages_of(admin_client)
    shop["draft"].pk = pk
    tick(admin_client, "retire", shop["draft"])
    assert "the ticked models are no longer in this list" in messages_of(admin_client)


# --- Who may, and what nobody sends ------------------------------------------------------------------------


@pytest.mark.parametrize("name", DEEDS)
def test_viewers_change_nothing(client: Client, viewer: User, shop: dict[str, AIModel], name: str) -> None:
    client.force_login(viewer)
    before = {model.pk: model.status for model in AIModel.objects.all()}
    tick(client, name, shop["active"])
    address, chosen = f"{LIST}do/{name.replace('_', '-')}/", f"{shop['active'].pk}:1"
    assert client.post(address, {"chosen": chosen, "confirmed": "yes"}).status_code == 403
    assert client.get(address).headers["Location"] == LIST
    assert client.put(address).status_code == 405
    assert {model.pk: model.status for model in AIModel.objects.all()} == before
    client.logout()
    assert "login" in client.post(address, {"chosen": chosen}).headers["Location"]


@pytest.mark.parametrize("text", ["", "1", "1:x", "٣:1", "1:1,", ",".join(["1:1"] * 1_001), "\0"])
def test_keys_that_no_page_sends_are_refused(admin_client: Client, text: str) -> None:
    AIModelFactory()
    assert admin_client.post(f"{LIST}do/retire/", {"chosen": text}).status_code == 400


@pytest.mark.parametrize("back", ["//evil.example", "\0", "?q=a&q=b", "%zz", "q=\r\nX-Evil: 1"])
def test_the_way_back_leads_nowhere_else(admin_client: Client, shop: dict[str, AIModel], back: str) -> None:
    page = Deed(admin_client, "retire", shop["active"])
    response = page.confirm(back=back)
    assert response.headers["Location"].split("?")[0] == LIST
    assert "X-Evil" not in response.headers


@pytest.mark.parametrize("reason", ["x" * 301, "a\tb", "a\0b"])
def test_a_reason_that_can_not_be_kept_is_refused(
    admin_client: Client, shop: dict[str, AIModel], reason: str
) -> None:
    page = Deed(admin_client, "retire", shop["active"])
    page.confirm(change_reason=reason)
    assert "Nothing was changed yet; see what is said below." in page.html
    assert page.context["reason_form"].errors["change_reason"]
    assert status(shop["active"]) == Status.ACTIVE


def test_the_whole_list_can_be_ticked(admin_client: Client) -> None:
    AIModelFactory()
    second, third = AIModelFactory(provider="Luma"), AIModelFactory(provider="Luma")
    page = Deed(admin_client, "retire", second, query="?provider=Luma", select_across="1")
    page.confirm()
    assert {status(second), status(third)} == {Status.RETIRED}


def test_more_than_a_thousand_are_too_many(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videoai.model_manager.deeds.page.MOST", 2)
    model = [AIModelFactory() for _ in range(3)][-1]
    tick(admin_client, "retire", model, select_across="1")
    assert "At most 2 models can be changed at once" in messages_of(admin_client)


def test_what_people_wrote_is_shown_as_text(admin_client: Client) -> None:
    AIModelFactory()
    model = AIModelFactory(name='<b>"{{ 7 }}"</b>', model_id="acme/x")
    html = tick(admin_client, "retire", model, change_reason="<s>").content.decode()
    assert "&lt;b&gt;&quot;{{ 7 }}&quot;&lt;/b&gt;" in html
    assert "<s>" not in html
    assert "<b>" not in html


def test_deleting_is_no_action(admin_client: Client) -> None:
    AIModelFactory()
    model = AIModelFactory()
    assert "delete_selected" not in admin_client.get(LIST).content.decode()
    tick(admin_client, "delete_selected", model)
    for method in (admin_client.get, admin_client.post):
        assert method(f"{LIST}{model.pk}/delete/", {"post": "yes"}).status_code == 403
    assert AIModel.objects.filter(pk=model.pk).exists()


@pytest.mark.parametrize("key", ["abc", "9" * 30, "", "1\0", "-1"])
def test_a_garbled_selection_is_a_bad_request(admin_client: Client, key: str) -> None:
    AIModelFactory()
    response = admin_client.post(LIST, {"action": "retire", "_selected_action": [key], "index": "0"})
    assert response.status_code == 400


def test_looking_keeps_no_writer_waiting(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    AIModelFactory()
    model = AIModelFactory()
    locks: list[str] = []
    monkeypatch.setattr(CatalogueRevisionQuerySet, "lock", lambda rows: locks.append("locked"))
    page = Deed(admin_client, "retire", model)
    admin_client.post(page.address, page.values)
    assert locks == []
    page.confirm()
    assert locks != []
