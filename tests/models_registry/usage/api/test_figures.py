from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from models_registry import services
from models_registry.models import AIModel
from models_registry.usage.recording import record, record_many
from tests.factories import AIModelFactory, bearer, service_token
from tests.models_registry.usage.generations import generation

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 19, 18, 5, tzinfo=UTC)
STATS = [
    "model_id",
    "name",
    "total_generations",
    "successful_generations",
    "average_generation_time",
    "success_rate",
]


def recorded(model_id: str, *times: str, failed: int = 0, **fields: Any) -> None:
    """Generations of a model that took `times`; the last `failed` of them failed."""
    made = [
        {
            "model_id": model_id,
            **generation(
                f"{model_id}-{fields.get('finished_at')}-{n}",
                generation_time=Decimal(took),
                success=n < len(times) - failed,
                **fields,
            ),
        }
        for n, took in enumerate(times)
    ]
    batch = record_many(made, now=NOW)
    assert batch.recorded == len(times), batch


def refused(response: Any) -> dict[str, str]:
    """Field → code of a refusal."""
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    return {error["field"]: error["code"] for error in response.json()["errors"]}


@pytest.fixture
def ask(client: Client) -> Callable[..., Any]:
    """GET the summary with a token that may read usage: `ask(by="model", **{"from": "2026-11-01"})`."""
    headers = bearer(service_token("usage:read").text)

    def ask(**query: Any) -> Any:
        return client.get("/api/v1/usage/summary/", query, headers=headers)

    return ask


NO_WINDOWS = [
    ({"from": "yesterday"}, {"from": "invalid"}),
    ({"to": "2026-02-29"}, {"to": "invalid"}),
    ({"from": "2026-11-22T10:00:00"}, {"from": "invalid"}),
    ({"from": ""}, {"from": "blank"}),
    ({"from": "\0"}, {"from": "invalid"}),
    ({"from": "%s%(x)s"}, {"from": "invalid"}),
    ({"from": "9" * 5_000}, {"from": "invalid"}),
    ({"from": ["2026-11-01", "2026-11-02"]}, {"from": "repeated"}),
    ({"from": "2026-11-02", "to": "2026-11-01"}, {"from": "max_value", "to": "min_value"}),
    ({"from": "2026-11-22T20:00:00Z"}, {"from": "max_value"}),
    ({"from": "1999-01-01", "to": "2200-01-01"}, {"from": "min_value", "to": "max_value"}),
    ({"since": "2026-11-01"}, {"since": "unknown_parameter"}),
    ({"From": "2026-11-01"}, {"From": "unknown_parameter"}),
]


class TestOneModel:
    def test_its_figures_are_exact(self, get):
        AIModelFactory(model_id="a/b", name="B")
        recorded("a/b", "1", "1", "2.000001", failed=1)

        stats = get("models/a/b/stats/").json()

        assert list(stats) == STATS
        assert stats == {
            "model_id": "a/b",
            "name": "B",
            "total_generations": 3,
            "successful_generations": 2,
            "average_generation_time": 1.333334,
            "success_rate": 66.666667,
        }

    def test_two_failures_are_no_half(self, get):
        AIModelFactory(model_id="a/b")
        recorded("a/b", "0.000001", "0", failed=2)

        stats = get("models/a/b/stats/").json()

        assert (stats["success_rate"], stats["average_generation_time"]) == (0, 0)  # 0.0000005: half to even

    @pytest.mark.parametrize("query", [{}, {"from": "2026-01-01"}])
    def test_before_the_first_generation_nothing_is_made_up(self, get, query):
        AIModelFactory(model_id="a/b", name="B")

        stats = get("models/a/b/stats/", **query).json()

        assert list(stats.values()) == ["a/b", "B", 0, 0, None, None]

    def test_a_window_holds_what_finished_in_it(self, get):
        AIModelFactory(model_id="a/b")
        for took, finished_at in [
            ("1", "2026-10-31T23:59:59.999999Z"),
            ("2", "2026-11-01T00:00:00Z"),
            ("4", "2026-11-22T10:59:59.999999Z"),
            ("8", "2026-11-22T11:00:00Z"),
        ]:
            recorded("a/b", took, finished_at=finished_at)

        def seconds(**window: str) -> list[float]:
            with time_machine.travel(NOW, tick=False):
                return [
                    stats["total_generations"] * (stats["average_generation_time"] or 0)
                    for stats in (
                        get("models/a/b/stats/", **window).json(),
                        get("models/stats/", **window).json()["results"][0],
                    )
                ]

        assert seconds() == [15, 15]
        assert seconds(**{"from": "2026-11-01", "to": "2026-11-22T11:00:00Z"}) == [6, 6]
        assert seconds(**{"from": "2026-11-01T00:30:00+00:30", "to": "2026-11-22T10:01:00Z"}) == [6, 6]
        assert seconds(**{"from": "2026-11-22T10:30:00Z"}) == [12, 12]
        assert seconds(to="2026-11-01T00:00:01Z") == [3, 3]
        assert seconds(**{"from": "2026-11-02", "to": "2026-11-03"}) == [0, 0]

    def test_hidden_ones_are_as_unknown_as_those_that_never_were(self, get):
        AIModelFactory()
        AIModelFactory(model_id="a/draft", is_active=False)
        services.retire(AIModelFactory(model_id="a/retired"))
        recorded("a/retired", "1")

        answers = {
            model_id: get(f"models/{model_id}/stats/")
            for model_id in ("a/draft", "a/retired", "no/such", "\0")
        }

        assert {answer.status_code for answer in answers.values()} == {404}
        bodies = [{**answer.json(), "request_id": ""} for answer in answers.values()]
        assert bodies == [bodies[2]] * 4
        assert bodies[2]["detail"] == get("models/no/such/").json()["detail"]

    def test_who_has_catalogue_rights_sees_them(self, client, viewer):
        AIModelFactory()
        services.retire(AIModelFactory(model_id="a/retired"))
        recorded("a/retired", "1")
        client.force_login(viewer)

        assert client.get("/api/v1/models/a/retired/stats/").json()["total_generations"] == 1

    @pytest.mark.parametrize(
        ("query", "codes"), [*NO_WINDOWS, ({"page": "1"}, {"page": "unknown_parameter"})]
    )
    def test_garbled_parameters_are_refused_by_name(self, get, query, codes):
        AIModelFactory(model_id="a/b")
        with time_machine.travel(NOW):
            assert refused(get("models/a/b/stats/", **query)) == codes


class TestAllModels:
    @pytest.fixture
    def shelf(self) -> None:
        AIModelFactory(model_id="b/first", name="A", cost_per_second="0.5", is_premium=True)
        AIModelFactory(model_id="a/second", name="B")
        AIModelFactory(model_id="c/third", name="B", is_deprecated=True)
        AIModelFactory(model_id="d/draft", name="C", is_active=False)
        services.retire(AIModelFactory(model_id="e/retired", name="D"))
        for model_id in ("b/first", "c/third", "e/retired"):
            recorded(model_id, "3", "4", failed=1)

    @pytest.mark.usefixtures("shelf")
    @pytest.mark.parametrize("query", [{}, {"from": "2026-11-22", "to": "2026-11-23"}])
    def test_those_on_sale_are_listed_by_name_and_id(self, get, query):
        body = get("models/stats/", **query).json()

        assert (body["count"], body["next"], body["previous"]) == (3, None, None)
        assert [list(row) for row in body["results"]] == [
            [*STATS, "cost_per_second", "is_premium", "is_default"]
        ] * 3
        assert [list(row.values()) for row in body["results"]] == [
            ["b/first", "A", 2, 1, 3.5, 50.0, "0.5", True, True],
            ["a/second", "B", 0, 0, None, None, "0.18", False, False],
            ["c/third", "B", 2, 1, 3.5, 50.0, "0.18", False, False],
        ]

    @pytest.mark.usefixtures("shelf")
    def test_who_has_catalogue_rights_sees_all(self, client, viewer):
        client.force_login(viewer)

        rows = client.get("/api/v1/models/stats/").json()["results"]

        assert {row["model_id"]: row["total_generations"] for row in rows} == {
            "b/first": 2,
            "a/second": 0,
            "c/third": 2,
            "d/draft": 0,
            "e/retired": 2,
        }

    @pytest.mark.usefixtures("shelf")
    def test_pages_keep_their_window(self, get):
        body = get("models/stats/", page="2", page_size="1", to="2026-12-01").json()

        assert [row["model_id"] for row in body["results"]] == ["a/second"]
        assert body["next"] == "/api/v1/models/stats/?page=3&page_size=1&to=2026-12-01"
        assert body["previous"] == "/api/v1/models/stats/?page_size=1&to=2026-12-01"

    @pytest.mark.parametrize(
        ("query", "codes"),
        [
            *NO_WINDOWS,
            ({"page": "0"}, {"page": "invalid"}),
            ({"provider": "A"}, {"provider": "unknown_parameter"}),
        ],
    )
    def test_garbled_parameters_are_refused_by_name(self, get, query, codes):
        with time_machine.travel(NOW):
            assert refused(get("models/stats/", **query)) == codes

    @pytest.mark.usefixtures("shelf")
    def test_a_recording_changes_the_tag_and_nothing_else_does(self, client):
        first = client.get("/api/v1/models/stats/")
        known = {"If-None-Match": first["ETag"]}
        again = client.get("/api/v1/models/stats/", headers=known)

        recorded("a/second", "1")

        assert again.status_code == 304
        assert client.get("/api/v1/models/stats/", headers=known).status_code == 200


class TestSummary:
    @pytest.fixture(autouse=True)
    def _that_evening(self) -> Iterator[None]:
        with time_machine.travel(NOW, tick=False):
            yield

    @pytest.fixture
    def shop(self) -> None:
        AIModelFactory(model_id="a/b", provider="Acme", category="premium")
        services.retire(AIModelFactory(model_id="c/d", provider="Zeta"))
        everything = {"duration": 5, "quality": "high", "queue_time": Decimal("0.5"), "credits": 7}
        recorded("a/b", "10", "20", cost_usd=Decimal("0.1"), finished_at="2026-11-01T10:30:00Z", **everything)
        recorded("a/b", "30", failed=1, error_code="quota", finished_at="2026-11-21T10:30:00Z")
        recorded("c/d", "60", failed=1, finished_at="2026-11-22T10:30:00Z")

    @pytest.mark.usefixtures("shop")
    def test_a_row_tells_all_of_it(self, ask):
        body = ask(by="model").json()

        assert {name: body[name] for name in ("count", "next", "previous")} == {
            "count": 2,
            "next": None,
            "previous": None,
        }
        assert body["results"][0] == {
            "from": "2026-10-23T20:00:00Z",
            "to": "2026-11-22T20:00:00Z",
            "model_id": "a/b",
            "generations": 3,
            "successes": 2,
            "success_rate": 66.666667,
            "success_rate_interval": {"low": 20.76596, "high": 93.850806},
            "generation_time": {
                "mean": 15.0,
                "p50": pytest.approx(10, rel=0.01),
                "p90": pytest.approx(20, rel=0.01),
                "p95": pytest.approx(20, rel=0.01),
                "p99": pytest.approx(20, rel=0.01),
            },
            "queue_time": {"mean": 0.5},
            "credits": 14,
            "cost_usd": "0.2",
            "reported": {"queue_time": 2, "cost_usd": 2, "credits": 2},
            "error_codes": {"quota": 1},
        }

    @pytest.mark.usefixtures("shop")
    def test_what_nobody_said_is_null(self, ask):
        _, row = ask(by="model").json()["results"]

        assert (row["model_id"], row["success_rate"], row["error_codes"]) == ("c/d", 0, {"(none)": 1})
        assert row["success_rate_interval"] == {"low": 0, "high": 79.345069}
        assert row["generation_time"] == dict.fromkeys(["mean", "p50", "p90", "p95", "p99"])
        assert (row["queue_time"], row["credits"], row["cost_usd"]) == ({"mean": None}, None, None)
        assert row["reported"] == {"queue_time": 0, "cost_usd": 0, "credits": 0}

    @pytest.mark.usefixtures("shop")
    @pytest.mark.parametrize(
        ("by", "name", "keys"),
        [
            ("model", "model_id", {"a/b": 3, "c/d": 1}),
            ("provider", "provider", {"Acme": 3, "Zeta": 1}),
            ("category", "category", {"premium": 3, None: 1}),
            ("quality", "quality", {"high": 2, None: 2}),
            ("duration", "duration", {5: 2, None: 2}),
        ],
    )
    def test_rows_are_told_apart_by_one_thing(self, ask, by, name, keys):
        rows = ask(by=by).json()["results"]

        assert [(row[name], row["generations"]) for row in rows] == list(keys.items())
        assert [list(row)[:4] for row in rows] == [["from", "to", name, "generations"]] * len(rows)

    @pytest.mark.usefixtures("shop")
    @pytest.mark.parametrize(
        ("per", "expected"),
        [
            ("hour", [("01T10", "01T11", 2), ("21T10", "21T11", 1), ("22T10", "22T11", 1)]),
            ("day", [("01T00", "02T00", 2), ("21T00", "22T00", 1), ("22T00", "22T20", 1)]),
            ("week", [("01T00", "02T00", 2), ("16T00", "22T20", 2)]),
            ("month", [("01T00", "22T20", 4)]),
        ],
    )
    def test_periods_are_told_as_far_as_they_were_summed(self, ask, per, expected):
        rows = ask(per=per, **{"from": "2026-11-01"}).json()["results"]

        told = [(row["from"], row["to"], row["generations"]) for row in rows]
        assert told == [(f"2026-11-{a}:00:00Z", f"2026-11-{b}:00:00Z", number) for a, b, number in expected]
        assert "model_id" not in rows[0]

    @pytest.mark.usefixtures("shop")
    @pytest.mark.parametrize(
        ("query", "number"),
        [
            ({"model_id": "c/d"}, 1),
            ({"model_id": "C/D"}, 0),
            ({"model_id": "no/such"}, 0),
            ({"model_id": "%"}, 0),
            ({"provider": "Acme"}, 3),
            ({"provider": "acme"}, 0),
            ({"provider": "Zeta", "model_id": "a/b"}, 0),
            ({"category": "premium"}, 3),
            ({"category": "budget"}, 0),
            ({"quality": "high"}, 2),
            ({"quality": "8k"}, 0),
            ({"duration": "5", "quality": "high", "category": "premium"}, 2),
            ({"duration": "3600"}, 0),
        ],
    )
    def test_filters_narrow_it_and_may_find_nothing(self, ask, query, number):
        rows = ask(**query).json()["results"]

        assert sum(row["generations"] for row in rows) == number

    @pytest.mark.usefixtures("shop")
    def test_pages_are_parts_of_one_list(self, ask, client):
        whole = ask(by="model", per="day").json()["results"]
        first = ask(by="model", per="day", page_size="2").json()
        headers = bearer(service_token("usage:read", name="other").text)
        second = client.get(first["next"], headers=headers).json()

        assert first["results"] + second["results"] == whole
        assert (first["count"], second["next"]) == (3, None)
        assert ask(by="model", per="day", page="3", page_size="2").status_code == 404

    @pytest.mark.usefixtures("shop")
    def test_a_model_stands_where_it_stands_today(self, ask):
        services.revise(AIModel.objects.get(model_id="a/b"), {"provider": "New"})

        assert [row["provider"] for row in ask(by="provider").json()["results"]] == ["New", "Zeta"]

    def test_money_adds_up_exactly(self, ask):
        AIModelFactory(model_id="a/b")
        for n, cost in enumerate(["999.999999999", "0.000000001", "0.1", "0.2"]):
            record("a/b", generation(str(n), cost_usd=Decimal(cost)), now=NOW)

        assert ask().json()["results"][0]["cost_usd"] == "1000.3"

    def test_nothing_is_an_empty_page(self, ask):
        assert ask(by="model", per="day").json() == {
            "count": 0,
            "next": None,
            "previous": None,
            "results": [],
        }

    @pytest.mark.parametrize(
        ("query", "codes"),
        [
            *NO_WINDOWS,
            ({"by": "tag"}, {"by": "invalid_choice"}),
            ({"by": "Model"}, {"by": "invalid_choice"}),
            ({"by": ["model", "quality"]}, {"by": "repeated"}),
            ({"per": "year"}, {"per": "invalid_choice"}),
            ({"per": "hour", "from": "2026-01-01"}, {"per": "max_items"}),
            ({"per": "day", "from": "2020-01-01"}, {"per": "max_items"}),
            ({"model_id": ""}, {"model_id": "blank"}),
            ({"model_id": "\0"}, {"model_id": "invalid"}),
            ({"model_id": "x" * 201}, {"model_id": "max_length"}),
            ({"provider": "a\0b"}, {"provider": "invalid"}),
            ({"category": "luxury"}, {"category": "invalid_choice"}),
            ({"quality": "\0"}, {"quality": "invalid"}),
            ({"duration": "0"}, {"duration": "min_value"}),
            ({"duration": "3601"}, {"duration": "max_value"}),
            ({"duration": "5.0"}, {"duration": "invalid"}),
            ({"duration": "٥"}, {"duration": "invalid"}),
            ({"duration": "9" * 5_000}, {"duration": "invalid"}),
            ({"page": "one"}, {"page": "invalid"}),
            ({"page_size": "0"}, {"page_size": "invalid"}),
            ({"colour": "red"}, {"colour": "unknown_parameter"}),
        ],
    )
    def test_garbled_parameters_are_refused_by_name(self, ask, query, codes):
        assert refused(ask(**query)) == codes

    def test_lone_surrogates_find_nothing(self, ask, client):
        headers = bearer(service_token("usage:read", name="other").text)

        response = client.get("/api/v1/usage/summary/?provider=%ED%A0%80", headers=headers)

        assert (response.status_code, response.json()["count"]) == (200, 0)
