import pytest

from tests.factories import QualityTierFactory, standard_tiers

RESOLUTIONS = ("480p", "720p", "768p", "1080p", "2k", "4k")


def lay_tiers() -> None:
    """The named tiers, and the resolutions that real lists price."""
    standard_tiers()
    for key in RESOLUTIONS:
        QualityTierFactory(key=key)


@pytest.fixture
def tiers(db: None) -> None:
    lay_tiers()
