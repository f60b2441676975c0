"""What a new model is to be of which only a price list knows."""

import re
from typing import Any

from models_registry.choices import (
    MODEL_ID_LENGTH,
    NAME_LENGTH,
    PROVIDER_LENGTH,
    REPLICATE_ID_LENGTH,
    Status,
)
from pricing.upstream.price_list import BASE, Entry

# No list says how long clips may be; somebody has to, before the model goes on sale.
PLACEHOLDER_DURATIONS = [5]  # seconds
TO_CHECK = (
    "Taken over from the price list {list_name}, which does not say what the model can do: "
    "its durations ({durations} s) are a placeholder. Check durations and qualities before it goes on sale."
)
STANDARD = "standard"
NO_SEGMENT = re.compile(r"[^A-Za-z0-9._-]+")
PROVIDERS = {
    "azure": "Azure",
    "dashscope": "Alibaba DashScope",
    "fal_ai": "fal.ai",
    "gemini": "Google Gemini",
    "minimax": "MiniMax",
    "openai": "OpenAI",
    "qwen_ai_platform": "Qwen AI Platform",
    "qwencloud": "Qwen Cloud",
    "runwayml": "Runway",
    "vertex_ai-video-models": "Google Vertex AI",
    "volcengine": "Volcengine",
    "xai": "xAI",
}


def model_id_of(key: str) -> str:
    """`key` made fit to be an id: other characters than an id's become hyphens."""
    segments = (NO_SEGMENT.sub("-", segment).lstrip("._-") for segment in key.split("/"))
    return "/".join(filter(None, segments))[:MODEL_ID_LENGTH].rstrip("/")


def draft_of(entry: Entry, *, list_name: str) -> dict[str, Any]:
    """The columns of a draft; what the list itself says of a model goes before what is guessed."""
    durations = ", ".join(map(str, PLACEHOLDER_DURATIONS))
    return {
        "model_id": model_id_of(entry.key),
        "name": name_of(entry.key),
        "description": TO_CHECK.format(list_name=list_name, durations=durations),
        "provider": provider_of(entry),
        "supported_durations": PLACEHOLDER_DURATIONS,
        "supported_qualities": qualities_of(entry),
        "replicate_model_id": entry.key[:REPLICATE_ID_LENGTH],
        **entry.described,
        "cost_per_second": entry.own_price,
        "is_default": False,
        **Status.DRAFT.flags,
    }


def qualities_of(entry: Entry) -> list[str]:
    """Its tiers, and `standard` for what the base price alone is for.

    A base price that equals a tier's is that tier's, said once more.
    """
    tiers = [spot.quality for spot in entry.prices if spot.quality is not None]
    named = {price for spot, price in entry.prices.items() if spot != BASE}
    is_told = entry.prices.get(BASE) in named
    return list(dict.fromkeys(tiers if is_told else [STANDARD, *tiers]))


def name_of(key: str) -> str:
    """`fal_ai/minimax/h3/text-to-video` → Minimax H3 Text To Video."""
    _, _, rest = key.partition("/")
    return _readable(rest or key)[:NAME_LENGTH]


def provider_of(entry: Entry) -> str:
    """As people know it, else its name in the list made readable."""
    first, slash, _ = entry.key.partition("/")
    name = entry.provider or (first if slash else "Unknown")
    return PROVIDERS.get(name, _readable(name))[:PROVIDER_LENGTH]


def _readable(text: str) -> str:
    words = re.split(r"[\s/_-]+", text)
    return " ".join(word[:1].upper() + word[1:] for word in words if word) or text
