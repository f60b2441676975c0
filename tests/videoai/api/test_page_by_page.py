"""Pages: the same rows and numbers as ever, from fewer rows read."""

import pytest
from django.core.paginator import EmptyPage, Paginator
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_registry import services
from models_registry.models import AIModel
from tests.factories import AIModelFactory, untraced
from tests.laying import laid_once
from videoai.api import page_by_page
from videoai.api.page_by_page import PageByPage

NUMBER = 23


@laid_once("module")
def catalogue() -> None:
    prototype = services.state(AIModelFactory(model_id="a/first", name="Same"))
    untraced(AIModel).bulk_create(
        AIModel(**{**prototype, "model_id": f"b/{number}", "is_default": False})
        for number in range(NUMBER - 1)
    )


@pytest.fixture(params=[page_by_page.FAR_DOWN, 0], ids=["at the top", "far down"])
def depth(request, monkeypatch) -> None:
    monkeypatch.setattr(page_by_page, "FAR_DOWN", request.param)


@pytest.mark.usefixtures("catalogue", "db", "depth")
class TestPages:
    @pytest.mark.parametrize("size", [1, 5, 22, 23, 24])
    @pytest.mark.parametrize("order", ["model_id", "-model_id"])
    def test_all_have_the_rows_and_numbers_of_djangos_own(self, size, order):
        models = AIModel.active.order_by("name", order)
        for number in Paginator(models, size).page_range:
            page = PageByPage(models, size).page(number)

            assert list(page) == list(Paginator(models, size).page(number))
            assert (page.paginator.count, page.has_next()) == (NUMBER, number * size < NUMBER)

    @pytest.mark.parametrize("number", [6, 7, 999_999_999])
    def test_one_past_the_end_is_refused(self, number):
        with pytest.raises(EmptyPage):
            PageByPage(AIModel.active.all(), 5).page(number)

    def test_nothing_at_all_is_an_empty_page(self):
        page = PageByPage(AIModel.active.filter(name="None"), 5).page(1)

        assert (list(page), page.paginator.count) == ([], 0)

    @pytest.mark.parametrize(("number", "queries"), [(1, 2), (4, 2), (5, 1)])
    def test_only_a_full_page_is_counted(self, number, queries, django_assert_num_queries):
        with django_assert_num_queries(queries):
            assert PageByPage(AIModel.active.all(), 5).page(number).paginator.count == NUMBER


@pytest.mark.usefixtures("catalogue", "db")
def test_far_down_the_keys_are_looked_for_first(get, monkeypatch):
    monkeypatch.setattr(page_by_page, "FAR_DOWN", 10)

    with CaptureQueriesContext(connection) as queries:
        page = get("models/?page=3&page_size=5").json()

    assert [model["model_id"] for model in page["results"]] == sorted(
        AIModel.objects.values_list("model_id", flat=True)
    )[10:15]
    assert "LIMIT 5 OFFSET 10)" in queries[1]["sql"]  # behind whether something is due
