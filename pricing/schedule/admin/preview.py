"""What customers will pay once a change is carried out, beside what they would pay without it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError

from models_registry.audit.models import canonical
from models_registry.models import AIModel
from models_registry.values import in_milliseconds, rfc3339
from pricing.moves import Comparison, Move, moves
from pricing.price_book import read_book_with_or_without_policy
from pricing.schedule.deeds import Deed
from pricing.schedule.forecast import behind, foreseen
from pricing.schedule.models import ScheduledChange

MOST_SHOWN = 60
OTHERWISE = "What would happen now is not what was shown. Look at it again before you schedule it."


class NotAsShown(ValidationError):
    """Something else would be scheduled than was shown, or with other prices."""

    def __init__(self) -> None:
        super().__init__(OTHERWISE, "not_as_shown")


@dataclass(frozen=True)
class Preview(Comparison):
    deed: Deed
    moment: datetime

    @property
    def shown(self) -> Sequence[Move]:
        return self.affected[:MOST_SHOWN]

    @property
    def more(self) -> int:
        return len(self.affected) - len(self.shown)

    @property
    def digest(self) -> str:
        """Another one for any other change, moment or figure."""
        return hashlib.sha256("\n".join(self._told()).encode()).hexdigest()

    def _told(self) -> Iterator[str]:
        yield f"{self.deed.kind} {self.deed.target} {rfc3339(in_milliseconds(self.moment))}"
        yield canonical(dict(self.deed.values))
        for move in self.affected:
            yield f"{move.name}: {move.before} {move.after} {move.turns_negative}"


def preview(deed: Deed, moment: datetime) -> Preview:
    """Of one model, or of all on sale. Raises CatalogueBusy."""
    shown = AIModel.objects.filter(pk=deed.model.pk) if deed.model else AIModel.objects.sold()
    present = read_book_with_or_without_policy(shown)
    earlier = ScheduledChange.objects.pending().filter(effective_from__lte=moment)
    keys = [model.pk for model in present.models]
    without = foreseen(present, earlier.touching(keys).select_related("model").in_turn())
    return Preview(list(moves(without, behind(without, deed, moment), sounds=True)), deed, moment)
