from videoai.edge.ready.addresses import read, whole_list
from videoai.edge.ready.orders import BYTES_AN_ID, Order, Orders

PAGE = read("/api/v1/models/", b"page=3")
assert PAGE is not None
LIST = whole_list(PAGE)


def test_an_order_that_stands_is_not_forgotten_for_the_next_page_that_wants_it():
    """Else it would be read again for every page of the list."""
    orders = Orders(most_bytes=1_000 * BYTES_AN_ID)
    orders.want(LIST)
    orders.put(LIST, Order(("a", "b"), settled=7))

    orders.want(LIST)

    assert orders.get(LIST) == Order(("a", "b"), settled=7)


def test_an_order_that_has_changed_is_still_wanted():
    orders = Orders(most_bytes=1_000 * BYTES_AN_ID)
    orders.put(LIST, Order(("a", "b"), settled=7))

    orders.outdate(LIST)

    assert orders.get(LIST) is None
    assert orders.is_wanted(LIST)


def test_all_pages_of_a_list_are_of_one_order():
    first = read("/api/v1/models/", b"page_size=7")

    assert first is not None
    assert whole_list(first).target == LIST.target
