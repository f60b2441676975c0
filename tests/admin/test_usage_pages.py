"""Usage in the admin: of all models, of one model, and as a file."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse

from models_registry import services
from models_registry.models import AIModel
from models_registry.usage.admin.page import SEEING
from models_registry.usage.models import UsageErrorCount
from models_registry.usage.recording import record_many
from tests.factories import AIModelFactory, standard_tiers, untraced
from videoai.access import scopes

pytestmark = pytest.mark.django_db

USAGE = "/admin/usage/"
NOW = datetime(2026, 11, 18, 13, 45, tzinfo=UTC)
DAY = timedelta(days=1)
INLINE = re.compile(r"<style|\sstyle=|\son\w+=|javascript:")


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def generate(model: AIModel, number: int = 1, *, days_ago: float = 1, **said: Any) -> None:
    """Record `number` generations of `model`; successes of ten seconds unless they `said` other."""
    generate.total = getattr(generate, "total", 0) + number  # type: ignore[attr-defined]
    items = [
        {
            "model_id": model.model_id,
            "generation_id": f"{generate.total}-{i}",  # type: ignore[attr-defined]
            "generation_time": "10",
            "success": True,
            "finished_at": (NOW - days_ago * DAY).isoformat(),
            **said,
        }
        for i in range(number)
    ]
    assert record_many(items).rejected == []


def page_of(model: AIModel) -> str:
    return f"/admin/models/{model.pk}/usage/"


def cards(response: Any) -> dict[str, tuple[str, str]]:
    return {card.label: (card.value, card.note) for card in response.context["report"].cards}


def picture(response: Any, name: str) -> Any:
    return next(one for one in response.context["report"].pictures if one.name == name)


def names(response: Any) -> list[str]:
    return [one.name for one in response.context["report"].pictures]


def table(response: Any, name: str) -> dict[str, list[str]]:
    return {row.head: row.cells for row in picture(response, name).table.rows}


# --- What is told ----------------------------------------------------------------------------------------


def test_the_page_tells_what_was_generated(admin_client: Client) -> None:
    veo, ray = AIModelFactory(model_id="google/veo-3"), AIModelFactory(model_id="luma/ray")
    generate(veo, 6, credits=100, cost_usd="2")
    generate(veo, 1, success=False, error_code="timeout")
    generate(veo, 1, success=False)
    generate(ray, 2, days_ago=3, generation_time="30")
    generate(ray, 5, days_ago=40)  # before the range

    response = admin_client.get(USAGE)

    assert cards(response) == {
        "Generations": ("10", "2 failed"),
        "Success rate": ("80.0 %", "95 % interval 49.0–94.3 %"),
        "Mean time": ("15.0 s", "of successes"),
        "95 % took at most": ("30.1 s", "p95, of successes"),
        "Credits": ("600", "told by 6 (60.0 %)"),
        "Cost": ("$12.00", "told by 6 (60.0 %)"),
    }
    assert names(response) == ["generations", "success", "times", "by-model", "errors"]
    generations, success = table(response, "generations"), table(response, "success")
    assert len(generations) == len(success) == 30
    assert generations["2026-11-17"] == ["8", "6", "2"]
    assert success["2026-11-17"] == ["75.0 %", "40.9 %", "92.9 %", "8"]
    assert table(response, "times")["2026-11-15"] == ["30.1 s", "30.1 s", "30.1 s", "2"]
    assert table(response, "by-model") == {
        "google/veo-3": ["8", "80.0 %", "75.0 %", "10.0 s", "10.0 s", "600", "$12.00"],
        "luma/ray": ["2", "20.0 %", "100 %", "30.1 s", "30.1 s", "–", "–"],
    }
    assert table(response, "errors") == {"timeout": ["1", "50.0 %"], "no code given": ["1", "50.0 %"]}
    html = response.content.decode()
    assert "2026-11-17: 8 generations, 6 successes, 2 failures" in html
    assert html.count('role="img"') == 5


def test_where_nothing_was_generated_nothing_is_invented(admin_client: Client) -> None:
    model = AIModelFactory()
    generate(model, days_ago=2)
    generate(model, days_ago=4, success=False)

    response = admin_client.get(f"{USAGE}?range=7d")

    assert table(response, "success")["2026-11-15"] == ["–", "–", "–", "0"]
    assert table(response, "success")["2026-11-14"][0] == "0 %"
    assert table(response, "times")["2026-11-14"] == ["–", "–", "–", "0"]
    assert [path.kind for path in picture(response, "success").plot.lines] == ["rate dot", "rate dot"]
    assert len(picture(response, "times").plot.lines) == 3  # a dot each for p50, p90 and p99, on one day
    assert "2026-11-15: nothing was generated" in response.content.decode()


def test_without_any_generation_the_page_says_how_they_come_about(admin_client: Client) -> None:
    model = AIModelFactory(model_id="google/veo-3")

    everywhere = admin_client.get(f"{USAGE}?range=24h").content.decode()
    here = admin_client.get(page_of(model)).content.decode()

    assert "POST /api/v1/models/{model_id}/generations/" in everywhere
    assert "POST /api/v1/models/google/veo-3/generations/" in here
    assert 'role="img"' not in everywhere


def test_the_twelve_greatest_are_told_by_name_and_the_others_together(admin_client: Client) -> None:
    models = [AIModelFactory(model_id=f"acme/{i:02}") for i in range(15)]
    for i, model in enumerate(models):
        generate(model, 15 - i)
        generate(model, 15 - i, success=False, error_code=f"e{i:02}")

    response = admin_client.get(USAGE)

    for name, first in (("by-model", "acme/00"), ("errors", "e00")):
        rows = table(response, name)
        assert len(rows) == len(picture(response, name).bars.bars) == 13
        assert next(iter(rows)) == first
        assert next(reversed(rows)) == "3 others"
    assert table(response, "by-model")["3 others"][:3] == ["12", "5.0 %", "50.0 %"]
    assert table(response, "errors")["3 others"] == ["6", "5.0 %"]


def test_error_codes_of_all_days_add_up(admin_client: Client) -> None:
    model = AIModelFactory()
    for day in range(3):
        for code in range(25 - day):
            generate(model, 1 + (code == 20 + day), days_ago=day, success=False, error_code=f"e{code:02}")
    generate(model, 2, success=False)

    rows = table(admin_client.get(USAGE), "errors")

    assert list(rows)[:4] == ["e20", "e21", "e22", "e00"]
    assert [cells[0] for cells in rows.values()] == ["4", "4", "4", *["3"] * 9, "36", "2"]
    assert list(rows)[-2:] == ["others", "no code given"]


def test_one_model_is_told_by_quality_and_duration(admin_client: Client) -> None:
    standard_tiers()
    model, other = AIModelFactory(), AIModelFactory()
    generate(model, 3, quality="high", duration=5)
    generate(model, 1)
    generate(other, 7)

    for address in (page_of(model), f"{USAGE}?model={model.model_id}"):
        response = admin_client.get(address)
        assert names(response) == ["generations", "success", "times", "by-quality", "by-duration", "errors"]
        assert cards(response)["Generations"][0] == "4"
        assert {name: cells[0] for name, cells in table(response, "by-quality").items()} == {
            "high": "3",
            "nobody said": "1",
        }
        assert list(table(response, "by-duration")) == ["5 s", "nobody said"]
        assert picture(response, "errors").nothing in response.content.decode()


def test_everything_is_chosen_in_the_address(admin_client: Client) -> None:
    one = AIModelFactory(model_id="a/one", category="premium")
    two = AIModelFactory(model_id="a/two", provider="Luma")
    generate(one, 3, quality="high")
    generate(two, 4, quality="high")
    generate(two, 3)
    generate(two, 5, days_ago=10)
    expected = {
        "": "15",
        "model=a/one": "3",
        "provider=Luma": "12",
        "category=premium": "3",
        "quality=high": "7",
        "quality=high&provider=Luma": "4",
        "model=a/one&provider=Luma": "0",
        "range=7d": "10",
        "from=2026-11-08&to=2026-11-08": "5",
        "range=24h&from=2026-11-08": "15",
    }

    found = {query: cards(admin_client.get(f"{USAGE}?{query}"))["Generations"][0] for query in expected}

    assert found == expected


def test_the_range_is_cut_into_periods(admin_client: Client) -> None:
    generate(AIModelFactory(), days_ago=0.5)
    expected = {
        "range=24h": (24, "2026-11-17 14:00"),
        "range=24h&per=day": (2, "2026-11-17 (part)"),
        "range=30d&per=week": (5, "2026-10-19 to 2026-10-25"),
        "range=1y": (53, "2025-11-17 to 2025-11-23"),
        "range=1y&per=month": (13, "2025-11"),
        "from=2026-11-14&per=hour": (120, "2026-11-14 00:00"),
    }

    for query, (periods, first) in expected.items():
        response = admin_client.get(f"{USAGE}?{query}")
        for name in ("generations", "success", "times"):
            rows = table(response, name)
            assert (len(rows), next(iter(rows))) == (periods, first)
            assert sum(told.endswith("(so far)") for told in rows) == 1
            assert len(picture(response, name).plot.slots) == periods
        assert sum(int(cells[0]) for cells in table(response, "generations").values()) == 1


# --- Bad values ------------------------------------------------------------------------------------------


def test_what_is_no_good_is_told_and_the_page_still_shows(admin_client: Client) -> None:
    generate(AIModelFactory(), 2)
    queries = ("range=8d", "per=hour", "model=%00", "from=2026-02-30", "to=x", "quality=%ED%A0%80", "%00=%FF")

    for query in queries:
        response = admin_client.get(f"{USAGE}?{query}")
        assert response.status_code == 200
        assert len(response.context["form"].errors) == 1
        assert cards(response)["Generations"][0] == "2"
        assert response.content.decode().count('class="errorlist') == 1


def test_on_the_page_of_one_model_nobody_chooses_another(admin_client: Client) -> None:
    generate(model := AIModelFactory(), 2)
    generate(other := AIModelFactory(), 3)

    response = admin_client.get(f"{page_of(model)}?model={other.model_id}")

    assert response.context["form"].errors
    assert cards(response)["Generations"][0] == "2"


def test_whatever_names_hold_is_text(admin_client: Client) -> None:
    script, svg = "<script>alert(1)</script>", '"><svg onload=alert(1)>'
    model = AIModelFactory(name=script, provider=svg)
    generate(model, 2, success=False, error_code="timeout")
    untraced(AIModel).filter(pk=model.pk).update(model_id=svg)
    UsageErrorCount.objects.update(error_code=script)

    for address in (
        USAGE,
        page_of(model),
        f"{USAGE}?model=%22%3E%3Csvg%20onload=alert(1)%3E&colour={script}",
    ):
        html = admin_client.get(address).content.decode()
        assert "alert(1)" in html
        assert script not in html
        assert "<svg onload" not in html
        assert not INLINE.search(re.sub("&quot;&gt;&lt;svg onload=", "", html))


# --- Getting about ---------------------------------------------------------------------------------------


def test_the_url_names_are_djangos() -> None:
    assert reverse("admin:usage_usagecounter_changelist") == USAGE
    assert reverse("admin:app_list", args=["usage"]) == USAGE
    assert reverse("admin:models_registry_aimodel_usage", args=[7]) == "/admin/models/7/usage/"
    assert resolve(USAGE).view_name == "admin:usage_usagecounter_changelist"


def test_it_stands_in_the_navigation(admin_client: Client) -> None:
    apps = admin_client.get("/admin/").context["app_list"]

    [entry] = next(app for app in apps if app["app_label"] == "usage")["models"]
    assert (entry["name"], entry["admin_url"], entry["add_url"]) == ("Usage", USAGE, None)


def test_the_pages_of_a_model_lead_to_its_usage_and_back(admin_client: Client) -> None:
    model = AIModelFactory()
    generate(model)
    usage, form, history = (
        page_of(model),
        f"/admin/models/{model.pk}/change/",
        f"/admin/models/{model.pk}/history/",
    )

    for address, target in [
        *((form, usage), (history, usage), (usage, form), (usage, history)),
        (f"{USAGE}?range=7d", f"{usage}?range=7d"),
        (f"{USAGE}?model={model.model_id}", usage),
    ]:
        assert f'href="{target}"' in admin_client.get(address).content.decode(), address
    tier = f"/admin/models_registry/qualitytier/{standard_tiers()[0].pk}"
    for address in (f"{tier}/change/", f"{tier}/history/", "/admin/models/add/"):
        assert ">Usage</a></li>" not in admin_client.get(address).content.decode()


def test_a_range_is_one_click_away_and_keeps_the_rest(admin_client: Client) -> None:
    AIModelFactory(model_id="a/one")

    response = admin_client.get(f"{USAGE}?model=a/one&per=hour&from=2026-11-16&to=2026-11-17")

    pills = {pill.label: pill.address for pill in response.context["pills"]}
    assert pills["24 hours"] == "?per=hour&model=a%2Fone&range=24h"
    assert pills["30 days"] == "?model=a%2Fone&range=30d"  # of which there are too many hours
    assert not any(pill.is_chosen for pill in response.context["pills"])


def test_a_retired_model_can_still_be_picked(admin_client: Client) -> None:
    model = AIModelFactory(model_id="a/old")
    AIModelFactory(model_id="a/new")
    services.make_default(AIModel.objects.get(model_id="a/new"))
    services.retire(model)
    generate(model, 2)

    response = admin_client.get(f"{USAGE}?model=a/old")

    assert cards(response)["Generations"][0] == "2"
    assert "a/old (retired)" in response.content.decode()


def test_there_is_no_page_of_what_is_no_model(admin_client: Client) -> None:
    AIModelFactory()

    for key in ("0", "999999", "9" * 18, "9" * 40, "x", "%00", "-1", "1/2", "_00", "%D9%A1", "1 ", "1%0a"):
        assert admin_client.get(f"/admin/models/{key}/usage/").status_code == 404, key


# --- The file --------------------------------------------------------------------------------------------


def read(response: Any) -> list[dict[str, str]]:
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.content.decode(), newline="")))


def test_the_file_has_a_row_a_period_and_model(admin_client: Client) -> None:
    one, two = AIModelFactory(model_id="a/one"), AIModelFactory(model_id="a/two")
    generate(one, 3, cost_usd="0.000000001")
    generate(one, 1, success=False, error_code="timeout")
    generate(two, 2)
    generate(two, 5, days_ago=2)

    response = admin_client.get(f"{USAGE}?range=7d&format=csv")

    assert response["Content-Disposition"] == 'attachment; filename="usage_2026-11-12_2026-11-18.csv"'
    rows = read(response)
    assert [(row["start"], row["model_id"], row["generations"]) for row in rows] == [
        ("2026-11-16T00:00:00Z", "a/two", "5"),
        ("2026-11-17T00:00:00Z", "a/one", "4"),
        ("2026-11-17T00:00:00Z", "a/two", "2"),
    ]
    assert rows[1]["success_rate"] == "75"
    assert rows[1]["cost_usd"] == "0.000000003"
    assert rows[1]["error_codes"] == "timeout 1"


def test_the_file_has_what_the_page_shows(admin_client: Client) -> None:
    one, two = AIModelFactory(model_id="a/one"), AIModelFactory(model_id="a/two")
    generate(one, 3, days_ago=0.5)
    generate(two, 2, days_ago=0.5)

    page = admin_client.get(f"{USAGE}?model=a/one&range=24h&per=hour")
    offered = page.context["file_address"]
    assert f'href="{offered.replace("&", "&amp;")}"' in page.content.decode()
    response = admin_client.get(f"{USAGE}{offered}")
    assert [row["generations"] for row in read(response)] == ["3"]
    assert [row["model_id"] for row in read(admin_client.get(f"{page_of(two)}?format=csv"))] == ["a/two"]
    assert 'a-one.csv"' in response["Content-Disposition"]


def test_of_a_bad_value_there_is_no_file(admin_client: Client) -> None:
    response = admin_client.get(f"{USAGE}?range=8d&format=csv")

    assert response.status_code == 400
    assert list(response.context["form"].errors) == ["range"]


# --- Rights ----------------------------------------------------------------------------------------------


def test_the_rights_are_those_of_the_scope() -> None:
    assert scopes.SCOPE_PERMISSIONS["usage:read"] == SEEING


@pytest.mark.parametrize(
    ("codename", "may"), [("view_usagecounter", False), ("view_aimodel", True), ("change_aimodel", True)]
)
def test_who_may_see_models_may_see_their_usage(client: Client, codename: str, may: bool) -> None:
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename=codename))
    client.force_login(user)
    model = AIModelFactory()

    for address in (USAGE, page_of(model), f"{USAGE}?format=csv", f"{page_of(model)}?format=csv"):
        assert client.get(address).status_code == (200 if may else 403), address
    assert client.get("/admin/models/999999/usage/").status_code == (404 if may else 403)
    assert ("/admin/usage/" in client.get("/admin/").content.decode()) == may


def test_who_is_no_staff_is_led_to_sign_in(client: Client) -> None:
    user = User.objects.create_user("eve")
    user.user_permissions.add(Permission.objects.get(codename="view_aimodel"))
    addresses = (USAGE, page_of(AIModelFactory()), f"{USAGE}?format=csv")

    nobody = [client.get(address) for address in addresses]
    client.force_login(user)
    customer = [client.get(address) for address in addresses]

    for response in (*nobody, *customer):
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")


def test_nothing_can_be_written(admin_client: Client) -> None:
    model = AIModelFactory()

    assert admin_client.post(USAGE, {"action": "delete_selected"}).status_code == 405
    assert admin_client.delete(page_of(model)).status_code == 405
    assert admin_client.head(USAGE).status_code == 200
    assert admin_client.get(f"{USAGE}add/").status_code == 404
    assert admin_client.get(f"{USAGE}{model.pk}/change/").status_code == 404


# --- Queries ---------------------------------------------------------------------------------------------


def test_a_page_takes_the_same_number_of_queries_for_any_amount(client: Client, viewer: User) -> None:
    """For a viewer: session, user, two kinds of rights, due?; models, tiers; all figures and all error codes.

    Beside these, one for the periods and one for each kind of share.
    """
    client.force_login(viewer)
    model = AIModelFactory(model_id="a/one")
    generate(model)
    pages = {USAGE: 11, f"{USAGE}?model=a/one": 12, page_of(model): 12, f"{USAGE}?format=csv": 9}

    def counts() -> dict[str, int]:
        found = {}
        for address in pages:
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            found[address] = len(queries)
        return found

    assert counts() == pages
    for i in range(20):
        generate(AIModelFactory(), 10, days_ago=i, success=i % 2 == 0)
        generate(model, 2, days_ago=i, duration=i + 1)
    assert counts() == pages
