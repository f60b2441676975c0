"""Whether a row still keeps the rules: those of today, which may not be the ones it was written under."""

from copy import copy

from django.core.exceptions import ValidationError

from models_registry import validation
from models_registry.admin.forms import refusal_words
from models_registry.models import AIModel, QualityTier
from pricing import guards
from pricing.models import PricingPolicy


class Fitness:
    """Asks what the services will ask of a row that goes on sale, with tiers and policy read once."""

    def __init__(self) -> None:
        self.known_qualities = QualityTier.objects.known_keys()
        self.policy = PricingPolicy.objects.first()

    def faults(self, model: AIModel) -> list[str]:
        row = copy(model)  # checking writes values the way they are stored
        try:
            row.clean_fields()
            validation.check_row(row, known_qualities=self.known_qualities)
            guards.refuse_model_above_limits(row, self.policy)
        except ValidationError as refusal:
            return refusal_words(AIModel, refusal)
        return []
