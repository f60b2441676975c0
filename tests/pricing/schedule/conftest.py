from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from models_registry import turning
from models_registry.models import AIModel
from models_registry.values import in_milliseconds
from pricing.schedule.deeds import Deed
from pricing.schedule.models import Kind, ScheduledChange
from pricing.schedule.services import schedule
from tests.factories import AIModelFactory, standard_policy, untraced


@pytest.fixture
def model(db: None) -> AIModel:
    """$0.5 a second: 5 s in standard are 165 credits, in high 198."""
    standard_policy()
    return AIModelFactory(model_id="a/one", cost_per_second=Decimal("0.5"))


def in_a_while(**more: float) -> datetime:
    return turning.clock() + timedelta(**more or {"hours": 1})


def price(model: AIModel, text: str) -> Deed:
    return Deed(Kind.PRICE, {"cost_per_second": text}, model)


def rate(model: AIModel, text: str, quality: str = "high", **said: Any) -> Deed:
    return Deed(Kind.RATE, {"amount": text, **said}, model, quality)


def let_come(change: ScheduledChange, **ago: float) -> None:
    """Move its moment so far into the past, as raw SQL can."""
    moment = in_milliseconds(turning.clock() - timedelta(**ago))
    untraced(ScheduledChange).filter(pk=change.pk).update(effective_from=moment)


@pytest.fixture
def planned() -> Callable[..., ScheduledChange]:
    """Schedules a deed; the moment of what is `due` came so long ago."""

    def plan(deed: Deed, **due: float) -> ScheduledChange:
        change = schedule(deed, effective_from=in_a_while(), confirmed=True)
        if due:
            let_come(change, **due)
        change.refresh_from_db()
        return change

    return plan
