"""Django alone: one view, no middleware, the bytes that it is given (as `constant` is)."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import re_path

from tests.benchmarks.constant import ANSWERS

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY=os.environ["SECRET_KEY"], ALLOWED_HOSTS=["127.0.0.1"])


def view(request: HttpRequest) -> HttpResponse:
    head, body = ANSWERS[request.path]
    response = HttpResponse(body["body"], status=head["status"])
    for name, value in head["headers"]:
        response[name.decode()] = value.decode()
    return response


urlpatterns = [re_path("", view)]
application = get_wsgi_application()
