import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from pricing.quotes.models import HeldQuote
from pricing.quotes.services import hold
from pricing.quotes.signing import signature
from tests.factories import AIModelFactory, bearer, service_token, standard_policy

Post = Callable[..., Any]

ASKED = {"model_id": "a/b", "quality": "high", "duration": 5}


@pytest.fixture
def catalogue(db: None) -> None:
    """One model, 72 credits in high for 5 seconds: 0.18 × 1.2 × 5 × 1.32 × 50 = 71.28."""
    standard_policy()
    AIModelFactory(model_id="a/b")


@pytest.fixture
def held(catalogue: None) -> HeldQuote:
    return hold(**ASKED)


@pytest.fixture
def post(db: None) -> Post:
    """Send a body as a backend that records: `post("pricing/quotes/", {…})`."""
    headers = bearer(service_token("usage:write", name="backend").text)
    client = Client()

    def post(path: str, body: Any) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(f"/api/v1/{path}", content, content_type="application/json", headers=headers)

    return post


def redemption(held: HeldQuote) -> str:
    return f"pricing/quotes/{held.pk}/redeem/"


def age(held: HeldQuote, **time: float) -> None:
    """Let a quote have been made earlier, and signed so, by as much as `time` says."""
    earlier = timedelta(**time)
    HeldQuote.objects.filter(pk=held.pk).update(
        created_at=F("created_at") - earlier, expires_at=F("expires_at") - earlier
    )
    resign(held)


def resign(held: HeldQuote) -> None:
    stored = HeldQuote.objects.get(pk=held.pk)
    HeldQuote.objects.filter(pk=held.pk).update(signature=signature(stored.signed))
