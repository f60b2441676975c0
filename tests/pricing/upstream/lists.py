"""Price lists for tests: entries in, bytes out, and what a sync makes of them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel, CatalogueRevision, QualityTier
from pricing.models import Rate, UpstreamModel
from pricing.price_book import Basis, read_book_with_or_without_policy
from pricing.upstream import litellm
from pricing.upstream.applying import SyncReport, sync
from pricing.upstream.models import HeldPrice
from pricing.upstream.price_list import PriceList

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
VIDEO_MODELS = Path(__file__).with_name("litellm_video.json")
KEY = "acme/clip-1"


def entry(**fields: Any) -> dict[str, Any]:
    """A video model at $0.1 a second."""
    return {
        "litellm_provider": "acme",
        "mode": "video_generation",
        "source": "https://acme.test/prices",
        "output_cost_per_second": 0.1,
        **fields,
    }


def map_of(**fields: Any) -> bytes:
    """A map of the one model KEY; fields of None are left out."""
    return as_bytes({KEY: {name: value for name, value in entry(**fields).items() if value is not None}})


def as_bytes(entries: dict[str, Any]) -> bytes:
    return json.dumps(entries).encode()


def raw_map(price: str) -> bytes:
    """With the price as it is written, which a float could not hold."""
    return f'{{"{KEY}": {{"mode": "video_generation", "output_cost_per_second": {price}}}}}'.encode()


def read(content: bytes) -> PriceList:
    return litellm.read(content, tiers=QualityTier.objects.known_keys(), source="prices.json")


def synced(content: bytes) -> SyncReport:
    return sync(read(content), at=AT)


def model() -> AIModel:
    return AIModel.objects.get(model_id=KEY)


def basis(quality: str, of: AIModel | None = None) -> Basis:
    """What `quality` rests on by now."""
    wanted = of or model()
    book = read_book_with_or_without_policy(AIModel.objects.filter(pk=wanted.pk))
    found = book.basis(book.models[0], quality)
    assert found is not None
    return found


def everything() -> list[Any]:
    """All that a sync could touch, the revision and times included."""
    tables = (AIModel, Rate, UpstreamModel, HeldPrice, AuditEntry, CatalogueRevision)
    return [list(table._base_manager.order_by("pk").values()) for table in tables]
