import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel, CatalogueRevision
from tests.factories import standard_tiers
from tests.videoai.edge.twin import TwinClient

Send = Callable[..., Any]


def new_model(model_id: str = "acme/new", **fields: Any) -> dict[str, Any]:
    """A body with what a new model needs, and `fields`."""
    return {
        "model_id": model_id,
        "name": "New",
        "description": "",
        "cost_per_second": "0.18",
        "supported_durations": [5, 9],
        "supported_qualities": ["standard", "high"],
        "provider": "Acme",
        "replicate_model_id": "acme/new",
        **fields,
    }


@pytest.fixture
def client() -> Client:
    """What anybody may read is read through the edge, too."""
    return TwinClient()


@pytest.fixture
def tiers(db: None) -> None:
    standard_tiers()


@pytest.fixture
def send(admin_client: Client, tiers: None) -> Send:
    """Write as an administrator: `send("patch", "models/a/b/", {"name": "B"}, headers={…})`."""

    def send(
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return admin_client.generic(
            method.upper(), f"/api/v1/{path}", content, content_type=content_type, headers=headers
        )

    return send


def errors_of(response: Any) -> dict[str, str]:
    """Field → code of a problem's errors."""
    return {error["field"]: error["code"] for error in response.json()["errors"]}


def catalogue() -> tuple[Any, ...]:
    """What every change of the catalogue changes."""
    return (
        list(CatalogueRevision.objects.values_list("revision", flat=True)),
        AuditEntry.objects.changes().count(),
        list(AIModel.objects.order_by("pk").values()),
    )
