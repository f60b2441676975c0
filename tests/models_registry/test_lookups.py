"""What SQLite is taught: every letter as PostgreSQL's `lower` has it, whatever stands beside it."""

import pytest

from models_registry.lookups import _lower_each, _lower_letter

LETTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]


@pytest.mark.parametrize("text", ["{}", "A{}", "{}A", "A{} A"])
def test_texts_are_lowered_letter_by_letter(text):
    texts = [text.format(letter) for letter in LETTERS]

    assert [_lower_each(text) for text in texts] == ["".join(map(_lower_letter, text)) for text in texts]


@pytest.mark.parametrize(("text", "lower"), [("ΟΔΟΣ", "οδοσ"), ("İX", "İx"), ("", ""), (None, ""), (5, "5")])
def test_what_python_would_do_otherwise(text, lower):
    assert _lower_each(text) == lower
