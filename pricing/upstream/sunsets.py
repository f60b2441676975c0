"""What becomes of the day on which a list takes a model away."""

from datetime import date

from pricing.models import UpstreamModel


def plan_sunset(listed: UpstreamModel, day: date | None) -> None:
    """Let `listed`, which its caller saves, say: the list takes the model away on `day` (None: no more).

    Called when the list says another day than before, and never again for the same one: what somebody
    decides about the model after that is theirs.
    """
    listed.deprecation_date = day
