"""A model's form: its tabs, who sees what, and what is asked before a model goes off sale."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from models_registry.usage.recording import record
from tests.admin.pages import ADD, FILLED_IN, ObjectForm, change_address, errors_of, messages_of
from tests.factories import AIModelFactory, standard_policy, standard_tiers
from tests.models_registry.usage.generations import generation

pytestmark = pytest.mark.django_db

QUERIES = 15


@pytest.fixture
def default(db: None) -> AIModel:
    return AIModelFactory(model_id="acme/first", name="The default")


@pytest.fixture
def other(default: AIModel) -> AIModel:
    return AIModelFactory(model_id="acme/other", name="Other")


def use(model: AIModel, *, days_ago: int = 3, times: int = 2) -> None:
    finished_at = timezone.now() - timedelta(days=days_ago)
    for number in range(times):
        said = generation(f"{model.pk}-{days_ago}-{number}", finished_at=finished_at.isoformat())
        record(model.model_id, said)


def stored(model: AIModel) -> AIModel:
    return AIModel.objects.get(pk=model.pk)


def tabs_in(html: str) -> dict[str, int]:
    """The parts of the form that its links lead to, and how many errors each is said to have."""
    nav = re.search(r'<nav class="tabs".*?</nav>', html, re.DOTALL)
    assert nav
    found = re.findall(r'<a href="#([a-z]+)">[^<]*(?:<span class="count">(\d+))?', nav[0])
    assert all(f'id="{slug}"' in html for slug, _ in found)
    return {slug: int(count or 0) for slug, count in found}


# --- Tabs ------------------------------------------------------------------------------------------------


def test_errors_are_counted_on_their_tab_and_stand_beside_their_field(admin_client: Client) -> None:
    standard_tiers()
    form = ObjectForm(admin_client, ADD)
    assert tabs_in(form.html) == dict.fromkeys(
        ["identity", "capabilities", "pricing", "parameters", "lifecycle"], 0
    )
    wrong = {
        "cost_per_second": "-1",
        "supported_durations": "5, x",
        "tags": '"',
        "requirements": '{"a": [x]}',
    }
    form.save(**FILLED_IN | wrong, change_reason="r" * 5_000)
    assert tabs_in(form.html) == {
        "identity": 1,
        "capabilities": 1,
        "pricing": 1,
        "parameters": 1,
        "lifecycle": 0,
    }
    for name in wrong:
        assert f'href="#id_{name}"' in form.html
        assert re.search(
            rf'<div class="field field-{name}[^"]* errors">(?:(?!class="field).)*id="id_{name}_error"',
            form.html,
            re.DOTALL,
        )
    assert 'href="#id_change_reason"' in form.html
    assert form.values["supported_durations"] == "5, x"
    assert form.save(**FILLED_IN, change_reason="").status_code == 302
    model = AIModel.objects.get()
    assert f'<a href="{change_address(model)}">Veo 3</a>' in messages_of(admin_client)


def test_usage_and_history_stand_in_the_form(admin_client: Client, default: AIModel) -> None:
    use(default, times=3)
    services.revise(default, {"name": "Renamed"})
    html = ObjectForm(admin_client, change_address(default)).html
    assert list(tabs_in(html))[-2:] == ["usage", "history"]
    assert '<dd class="value">100 %</dd><dd class="quiet">95 % interval 43.9–100 %</dd>' in html
    assert "12.5 s" in html
    assert f'href="/admin/models/{default.pk}/usage/"' in html
    assert "name: The default → Renamed" in html
    first = AuditEntry.objects.about("model", subject="acme/first").order_by("number")[0]
    assert f'href="/admin/models/{default.pk}/history/{first.number}/restore/"' in html


def test_who_may_only_look_reads_everything_and_types_nowhere(
    client: Client, viewer: User, default: AIModel
) -> None:
    use(default)
    services.revise(default, {"model_parameters": {"fps": 24}, "name": "Renamed"})
    client.force_login(viewer)
    html = client.get(change_address(default)).content.decode()
    form = re.search(r'<form[^>]*id="aimodel_form".*?</form>', html, re.DOTALL)
    assert form
    assert re.findall(r"<(?:input|select|textarea)[^>]*>", form[0]) == re.findall(
        r'<input type="hidden" name="csrfmiddlewaretoken"[^>]*>', form[0]
    )
    assert "&quot;fps&quot;: 24" in form[0]
    assert '<dd class="value">2</dd>' in form[0]
    assert "name: The default → Renamed" in form[0]
    assert "/restore/" not in form[0]


def test_the_form_takes_as_many_queries_for_everybody(
    client: Client, admin: User, default: AIModel, other: AIModel, django_assert_num_queries: Any
) -> None:
    standard_policy()
    use(default)
    editor = User.objects.create_user("editor", is_staff=True)
    editor.user_permissions.add(
        *Permission.objects.filter(content_type__app_label__in=["models_registry", "pricing"])
    )
    rights = {admin: 0, editor: 2}
    ContentType.objects.get_for_model(AIModel)  # read once a process
    for user, more in rights.items():
        client.force_login(user)
        with django_assert_num_queries(QUERIES + more):
            client.get(change_address(default))
    assert QUERIES + max(rights.values()) <= 17


# --- Going off sale --------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"is_active": None}, {"is_active": None, "is_deprecated": "on"}])
def test_a_used_model_goes_off_sale_when_that_is_confirmed(
    admin_client: Client, other: AIModel, change: dict[str, str | None]
) -> None:
    use(other)
    form = ObjectForm(admin_client, change_address(other))
    errors = errors_of(form.save(**change))
    assert list(errors) == ["is_active"]
    assert errors["is_active"][0].startswith("It was used 2 times in the last 30 days")
    assert tabs_in(form.html)["lifecycle"] == 1
    assert re.search(r'<div class="leaving"[^>]*data-used="yes">', form.html)
    assert stored(other).is_active
    assert form.save(take_off_sale="on").status_code == 302
    assert not stored(other).is_active


def test_nothing_is_asked_where_nobody_would_miss_it(admin_client: Client, other: AIModel) -> None:
    use(other, days_ago=31)
    form = ObjectForm(admin_client, change_address(other))
    assert 'class="leaving"' not in form.html
    assert form.save(is_deprecated="on").status_code == 302
    use(other)
    form = ObjectForm(admin_client, change_address(other))
    assert re.search(r'<div class="leaving"[^>]* hidden>', form.html)
    assert form.save(name="Renamed").status_code == 302  # still for sale
    assert stored(other).name == "Renamed"


def test_the_default_hands_over_as_it_leaves(admin_client: Client, default: AIModel, other: AIModel) -> None:
    use(default)
    draft = AIModelFactory(is_active=False)
    form = ObjectForm(admin_client, change_address(default))
    refused = form.save(is_active=None, is_deprecated="on")
    assert len(errors_of(refused)["is_active"]) == 2
    offered = refused.context["adminform"].form.fields["takeover"].queryset
    assert list(offered) == [other]
    for nonsense in (str(draft.pk), str(default.pk), "9" * 30, "x", "\0"):
        assert "takeover" in errors_of(form.save(takeover=nonsense, take_off_sale="on"))
    assert "is_active" in errors_of(form.save(takeover="", take_off_sale="on"))
    assert "is_active" in errors_of(form.save(takeover=str(other.pk), take_off_sale=None))
    assert stored(default).is_default
    assert form.save(take_off_sale="on", change_reason="Too dear").status_code == 302
    assert (stored(other).is_default, stored(default).is_default) == (True, False)
    assert stored(default).status == "retired"
    why = AuditEntry.objects.filter(reason="Too dear").values_list("subject", flat=True)
    assert set(why) == {"acme/first", "acme/other"}
    assert "Other is the default model now." in messages_of(admin_client)


def test_nothing_is_handed_over_when_the_rest_is_refused(
    admin_client: Client, default: AIModel, other: AIModel
) -> None:
    form = ObjectForm(admin_client, change_address(default))
    assert list(errors_of(form.save(is_active=None, takeover=str(other.pk), name=""))) == ["name"]
    services.revise(default, {"version": "2"})
    assert "__all__" in errors_of(form.save(name="Mine"))
    assert stored(default).is_default
    # Who stays the default hands over to nobody, and nobody asks who it would be.
    for successor in (str(other.pk), str(default.pk), "9" * 30, "x", "\0"):
        form = ObjectForm(admin_client, change_address(default))
        assert form.save(name=f"Mine {len(successor)}", takeover=successor).status_code == 302
    assert stored(default).is_default


def test_the_only_active_model_can_not_leave(admin_client: Client, default: AIModel) -> None:
    form = ObjectForm(admin_client, change_address(default))
    assert "is_active" in errors_of(form.save(is_active=None))
    assert "No other model is active" in form.html
    assert "takeover" not in form.values
