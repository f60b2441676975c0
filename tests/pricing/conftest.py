import pytest
from django.test import Client

from tests.videoai.edge.twin import TwinClient


@pytest.fixture
def client() -> Client:
    """What anybody may read is read through the edge, too."""
    return TwinClient()
