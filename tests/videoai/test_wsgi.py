import json
from typing import Any

import pytest
from django.test import RequestFactory

from videoai.wsgi import application

pytestmark = pytest.mark.django_db


def test_a_content_type_that_can_not_be_read_is_a_client_error():
    """Django fails on it while it makes the request, where no handler of errors is."""
    request = RequestFactory().post("/api/v1/models/", b"{}", content_type="application/json")
    environ = request.environ | {"CONTENT_TYPE": "application/json; charset*=nonsense''utf-8"}
    started: list[Any] = []

    body = b"".join(application(environ | {"HTTP_HOST": "localhost"}, lambda *args: started.append(args)))

    assert started[0][0].startswith("401")
    assert json.loads(body)["code"] == "not_authenticated"
