"""What SQLite is taught: every letter as PostgreSQL's `lower` has it, whatever stands beside it."""

import pytest
from django.db import connection

from models_registry.lookups import _lower_each, _lower_letter
from models_registry.models import AIModel
from tests.factories import AIModelFactory

LETTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]


@pytest.mark.parametrize("text", ["{}", "A{}", "{}A", "A{} A"])
def test_texts_are_lowered_letter_by_letter(text):
    texts = [text.format(letter) for letter in LETTERS]

    assert [_lower_each(text) for text in texts] == ["".join(map(_lower_letter, text)) for text in texts]


@pytest.mark.parametrize(("text", "lower"), [("ΟΔΟΣ", "οδοσ"), ("İX", "İx"), ("", ""), (None, ""), (5, "5")])
def test_what_python_would_do_otherwise(text, lower):
    assert _lower_each(text) == lower


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", ['["fast"]', r'["f\u0061st"]', '["slow", "fast"]'])
def test_an_item_is_found_however_its_json_is_spelt(spelling):
    model = AIModelFactory()
    AIModelFactory(tags=["faster", "fas"])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE models SET tags = %s WHERE id = %s", [spelling, model.pk])

    assert list(AIModel.objects.by_tag("fast")) == [model]


@pytest.mark.django_db
@pytest.mark.parametrize("tag", ["é", 'say "hi"', "back\\slash", "5", "%", "[", "a, b"])
def test_any_tag_is_found(tag):
    model = AIModelFactory(tags=["a", tag], supported_durations=[5, 15])
    AIModelFactory(tags=["b"], supported_durations=[1, 50, 150])

    assert list(AIModel.objects.by_tag(tag)) == [model]
    assert list(AIModel.objects.by_duration(5, 15)) == [model]
