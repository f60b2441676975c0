import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from models_registry.models import AIModel
from tests.admin.pages import ModelList
from tests.factories import AIModelFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

OPERATORS = 8


def test_of_many_who_save_the_same_row_at_once_one_is_let_through() -> None:
    contested, other = AIModelFactory(), AIModelFactory()
    admin = User.objects.create_superuser("ada")
    pages = [edited_page(admin, contested, other, price=f"0.{turn + 1}") for turn in range(OPERATORS)]
    statuses: list[int] = []
    threads = [threading.Thread(target=save, args=(page, statuses)) for page in pages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * (OPERATORS - 1) + [302]
    for model in (contested, other):
        assert AIModel.objects.get(pk=model.pk).version_number == model.version_number + 1


def edited_page(admin: User, contested: AIModel, other: AIModel, *, price: str) -> ModelList:
    client = Client()
    client.force_login(admin)
    page = ModelList(client)
    page.edit(contested, cost_per_second=price)
    page.edit(other, is_premium="on")
    return page


def save(page: ModelList, statuses: list[int]) -> None:
    try:
        statuses.append(page.save().status_code)
    finally:
        connection.close()
