from models_registry.audit.occasion import SYSTEM, Actor, Occasion, acting, current, taking_place

ADA, BOB = Actor("user", "1", "ada"), Actor("user", "2", "bob")


def test_outside_of_any_occasion_the_system_acts() -> None:
    assert current().find_actor() == SYSTEM
    assert (current().source, current().find_reason()) == ("python", "")


def test_occasions_nest_and_end() -> None:
    with taking_place(Occasion(source="api", request_id="r1", find_actor=lambda: ADA)):
        with acting(actor=BOB, reason="why"):
            inner = current()
            assert (inner.find_actor(), inner.find_reason()) == (BOB, "why")
            assert (inner.source, inner.request_id) == ("api", "r1")
        assert (current().find_actor(), current().find_reason()) == (ADA, "")
    assert current().find_actor() == SYSTEM


def test_an_occasion_ends_with_what_fails_in_it() -> None:
    try:
        with acting(actor=ADA):
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert current().find_actor() == SYSTEM


def test_an_occasion_within_another_replaces_it_whole() -> None:
    with acting(actor=ADA, reason="why"), taking_place(Occasion(source="api")):
        assert (current().find_actor(), current().find_reason()) == (SYSTEM, "")
