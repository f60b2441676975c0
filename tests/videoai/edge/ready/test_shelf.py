from random import Random

from videoai.edge.ready.addresses import detail_of, read
from videoai.edge.ready.shelf import OVERHEAD, Entry, Shelf


def entry(model_id: str, size: int = 100) -> Entry:
    return Entry(detail_of(model_id), b"x" * size)


def test_ten_thousand_entries_stay_within_the_bound():
    random, shelf = Random(1), Shelf(most_bytes=500_000)

    for _ in range(10_000):
        shelf.put(entry(f"a/{random.randrange(3_000)}", random.randrange(5_000)))
        if random.random() < 0.3:
            shelf.drop(detail_of(f"a/{random.randrange(3_000)}").target)
        assert shelf.bytes <= 500_000

    assert shelf.bytes == sum(one.size for one in shelf)
    assert len(shelf) > 50


def test_what_was_asked_for_longest_ago_goes_first():
    shelf = Shelf(most_bytes=3 * (OVERHEAD + 200))
    for name in "abc":
        shelf.put(entry(name))

    shelf.get(detail_of("a").target)
    shelf.put(entry("d"))

    assert [one.address.model_id for one in shelf] == ["c", "a", "d"]


def test_what_is_larger_than_all_the_room_is_not_kept():
    shelf = Shelf(most_bytes=5_000)
    shelf.put(entry("a", 10_000))

    assert (len(shelf), shelf.bytes) == (0, 0)


def test_nothing_stays_of_models_that_are_gone():
    shelf = Shelf(most_bytes=50_000)
    for number in range(1_000):
        shelf.put(entry(f"a/{number}"))
        shelf.put(Entry(read(f"/api/v1/models/a/{number}/validate/", b"duration=5&quality=high"), b"x"))

    assert len(shelf._of_model) <= len(shelf)
    shelf.drop_all([one.address.target for one in shelf])
    assert (len(shelf), shelf.bytes, dict(shelf._of_model), shelf._sizes) == (0, 0, {}, {})


def test_all_that_tells_of_one_model_is_found():
    shelf = Shelf(most_bytes=50_000)
    quote = read("/api/v1/pricing/quote/", b"model_id=a/b&duration=5&quality=high")
    for one in (entry("a/b"), entry("a/c"), Entry(quote, b"x"), Entry(read("/api/v1/models/", b""), b"x")):
        shelf.put(one)

    assert {one.address.target for one in shelf.of_model("a/b")} == {detail_of("a/b").target, quote.target}


def test_a_packed_form_counts_from_when_it_is_made():
    shelf, grown = Shelf(most_bytes=OVERHEAD + 1_000), entry("a", 500)
    shelf.put(grown)

    grown.packed = b"x" * 100
    shelf.recount(grown)
    assert shelf.bytes == grown.size

    grown.packed = b"x" * 1_000
    shelf.recount(grown)
    assert len(shelf) == 0
    shelf.recount(grown)
    assert len(shelf) == 0
