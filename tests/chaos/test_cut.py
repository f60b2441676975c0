"""The same as `make chaos` does with all writes, for a few; and what would be seen if one were not whole."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from models_registry import services
from tests.chaos.cutting.surgery import Surgery, surgery, why_not
from tests.chaos.cutting.writes import WRITES, Answer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
FEW = ("API: change", "API: record", "admin: inline list", "admin: make a token")


@pytest.fixture
def operating(transactional_db: None) -> Iterator[Surgery]:
    with surgery() as begun:
        yield begun


@pytest.mark.slow
def test_wherever_a_write_is_cut_it_is_whole(operating: Surgery) -> None:
    for name in FEW:
        found = operating.operate(name, every=9)
    assert found.faults == []
    assert found.repeated > 10
    assert found.refused > 5
    assert found.unknown > 3


def test_a_write_in_two_transactions_would_be_seen(
    operating: Surgery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def halved(model: Any, *, is_half: bool = False, **options: Any) -> Any:
        with transaction.atomic():
            services.revise(model, {"name": "Half"})
        return retire(model, **options)

    retire = services.retire
    monkeypatch.setattr(services, "retire", partial(halved, is_half=True))
    assert "a partial state" in " ".join(operating.operate("API: retire", every=9).faults)


GOOD, SORRY, UNKNOWN = Answer(True), Answer(False), Answer(False, is_unknown=True)


@pytest.mark.parametrize(
    ("answer", "before", "after", "fault"),
    [
        (GOOD, ["models"], [], ""),
        (GOOD, [], ["models"], "says that it is done"),
        (GOOD, ["models"], ["audit_entries"], "partial"),
        (SORRY, [], ["models"], ""),
        (SORRY, ["models"], [], "says that nothing happened"),
        (UNKNOWN, [], ["models"], ""),
        (UNKNOWN, ["models"], [], ""),
        (UNKNOWN, ["models"], ["audit_entries"], "partial"),
        (Answer(False, is_plain=False), [], ["models"], "no 503"),
    ],
)
def test_answers_and_states_that_fit(answer: Answer, before: list[str], after: list[str], fault: str) -> None:
    found = why_not(answer, from_before=before, from_after=after, has_to_be_done=False)
    assert fault in found
    assert bool(found) == bool(fault)


def test_every_scope_of_writes_is_cut() -> None:
    assert {name.partition(":")[0] for name in WRITES} == {"API", "admin", "command"}
