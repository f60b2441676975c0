"""What is found wrong after a breakage; what a healthy database is asked finds nothing."""

import pytest

from models_registry import services
from models_registry.audit.occasion import acting
from models_registry.models import AIModel
from models_registry.usage.models import GenerationKey
from models_registry.usage.recording import record
from tests.chaos.checking import findings
from tests.chaos.writes import CHANGES, GENERATIONS, QUOTES
from tests.factories import AIModelFactory, untraced

pytestmark = pytest.mark.django_db

RECORDED = (GENERATIONS, ["g-1", "g-2"], True)
CHANGED = (CHANGES, ["why"], True)


@pytest.fixture
def model():
    model = AIModelFactory()
    for name in ("g-1", "g-2"):
        record(model.model_id, {"generation_id": name, "generation_time": 4, "success": True})
    with acting(reason="why"):
        services.revise(model, {"name": "New"})
    return model


@pytest.mark.usefixtures("model")
def test_what_was_sent_and_stands_is_fine():
    assert findings([RECORDED, CHANGED, (GENERATIONS, ["g-3"], False), (CHANGES, ["other"], False)]) == []


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ([CHANGED], "generations that nobody sent: 2: g-1; g-2"),
        ([RECORDED, (GENERATIONS, ["g-3"], True)], "acknowledged generations that are missing: ['g-3']"),
        ([(GENERATIONS, ["g-1", "g-2", "g-3"], False)], "half a batch: 2 of 3 generations, from g-1 on"),
        (
            [RECORDED, (CHANGES, ["other"], True)],
            "other, a change that was acknowledged, has 0 entries in the trail",
        ),
        ([RECORDED, (QUOTES, ["q_1"], True)], "quotes that were given and are missing: 1: q_1"),
    ],
)
def test_what_is_lost_halved_or_made_up_is_found(sent, found):
    assert findings(sent) == [found]


def test_a_change_that_was_made_twice_is_found(model):
    with acting(reason="why"):
        services.revise(model, {"name": "Newer"})

    assert findings([RECORDED, CHANGED]) == [
        "why, a change that was acknowledged, has 2 entries in the trail"
    ]


def test_rows_that_do_not_agree_are_found(model):
    untraced(AIModel).filter(pk=model.pk).update(description="Past the trail.")
    untraced(GenerationKey).filter(pk="g-1").delete()

    usage, trail = findings([RECORDED, CHANGED])
    assert usage.startswith("usage: 1: ")
    assert trail.startswith("audit trail: 1: ")


def test_a_default_that_is_missing_is_found(model):
    untraced(AIModel).filter(pk=model.pk).update(is_default=False)

    assert "not one active default model, but []" in findings([RECORDED, CHANGED])
