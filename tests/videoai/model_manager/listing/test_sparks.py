from datetime import date

from videoai.model_manager.listing.sparks import HEIGHT, RIM, WIDTH, path, spark, spark_text

BEGIN = date(2026, 11, 9)


def test_a_line_goes_from_rim_to_rim_and_its_highest_day_to_the_top() -> None:
    assert (
        path([0, 10, 5])
        == f"M2.0 {HEIGHT - RIM:.1f}L{WIDTH / 2:.1f} {RIM:.1f}L{WIDTH - RIM:.1f} {HEIGHT / 2:.1f}"
    )


def test_it_says_how_many_there_were_and_when_most() -> None:
    assert spark_text([0, 1_200, 5], begin=BEGIN) == (
        "1,205 generations in 3 days, most on 2026-11-10 (1,200)"
    )
    assert spark_text([1, 0], begin=BEGIN) == "1 generation in 2 days, most on 2026-11-09 (1)"


def test_it_is_one_path_with_a_text_beside_it() -> None:
    drawn = spark([1, 2], begin=BEGIN)
    assert drawn.startswith("3 <svg ")
    assert drawn.count("<path ") == 1
    assert "style" not in drawn
