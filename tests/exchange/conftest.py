import pytest

from models_registry.models import QualityTier
from tests.factories import QualityTierFactory, standard_tiers


@pytest.fixture
def tiers(db: None) -> list[QualityTier]:
    """standard, high, ultra, 720p and 1080p."""
    return [*standard_tiers(), *(QualityTierFactory(key=key) for key in ("720p", "1080p"))]
