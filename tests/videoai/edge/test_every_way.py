"""However it is asked for, the edge tells what Django tells; other tests ask for each address in one way."""

import pytest

from pricing.quotes.services import hold
from tests.factories import AIModelFactory, standard_policy
from tests.videoai.edge.twin import TwinClient

ADDRESSES = (
    *("models/", "models/?tag=fast&page_size=1", "models/premium/", "models/default/", "models/stats/"),
    *("models/deprecations/", "models/a/one/", "models/a/one/stats/"),
    *("models/a/one/validate/?duration=5&quality=high", "pricing/quotes/q_held/", "pricing/matrix/"),
    "pricing/quote/?model_id=a/one&duration=5&quality=high",
    "pricing/compare/?quality=high&duration=5",
)


@pytest.mark.django_db
@pytest.mark.parametrize("address", ADDRESSES)
def test_both_tell_the_same_in_every_way(address: str) -> None:
    standard_policy()
    AIModelFactory(model_id="a/one", is_default=True, is_premium=True, tags=["fast"])
    hold("a/one", quality="high", duration=5, quote_id="q_held")

    assert TwinClient(ways=4).get(f"/api/v1/{address}").status_code == 200
