from decimal import Decimal

import pytest

from models_registry.spreadsheet import cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff+1",
        "＝1+1",
        "＋1",
    ],
)
def test_what_a_spreadsheet_might_run_is_text(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "written"),
    [("Veo 3", "Veo 3"), ("a=b", "a=b"), (Decimal("-1.50"), "-1.5"), (-3, "-3"), (True, "true"), (None, "")],
)
def test_numbers_and_plain_texts_stay_as_they_are(value, written):
    assert cell(value) == written
