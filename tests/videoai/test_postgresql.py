"""What becomes of connections: when they take too long, and when their server takes no writes any more."""

import time
from contextlib import contextmanager

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from psycopg_pool import PoolTimeout

from tests.videoai.edge.databases import address_of_tests
from videoai.databases import prepare_to_serve

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

WRITE = "CREATE TABLE never (id integer)"
DEMOTED = "SET default_transaction_read_only = on"


@contextmanager
def another(**options):
    """A connection of Django's beside the one of the tests, with options of its own."""
    other = connection.copy("another")
    # Without what this process may have been told as a server, by another test.
    other.settings_dict["OPTIONS"] = {**connection.settings_dict["OPTIONS"], "options": "", **options}
    try:
        yield other
    finally:
        other.close()
        other.close_pool()


@contextmanager
def pool(size, **options):
    with another(**options) as other:
        prepare_to_serve([other.settings_dict], statement=0, lock=0, pool=size)
        yield other


def run(wrapper, statement):
    with wrapper.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def process(wrapper):
    return run(wrapper, "SELECT pg_backend_pid()")


class TestTimeouts:
    @pytest.fixture
    def impatient(self):
        """As a server's connection, which gives up after a second."""
        with another() as other:
            prepare_to_serve([other.settings_dict], statement=1, lock=0, pool=0)
            yield other

    def test_a_statement_that_takes_too_long_is_ended(self, impatient):
        with pytest.raises(OperationalError, match="statement timeout"):
            run(impatient, "SELECT pg_sleep(20)")

        assert run(impatient, "SELECT 1") == 1

    def test_a_lock_that_somebody_else_keeps_is_given_up(self):
        with psycopg.connect(address_of_tests()) as keeper, another() as other:
            keeper.execute("SELECT pg_advisory_lock(20261130)")
            prepare_to_serve([other.settings_dict], statement=30, lock=1, pool=0)

            with pytest.raises(OperationalError, match="lock timeout"):
                run(other, "SELECT pg_advisory_lock(20261130)")

    def test_a_transaction_that_does_nothing_is_ended_and_its_connection_made_anew(self):
        with another(options="-c idle_in_transaction_session_timeout=50") as other:
            with pytest.raises(OperationalError), transaction_of(other):
                run(other, "SELECT 1")
                time.sleep(0.3)
                run(other, "SELECT 1")

            assert run(other, "SELECT 1") == 1


class TestDemoted:
    """A server that became a standby, or whose disk is full, answers, but takes no writes."""

    def test_a_refused_write_costs_its_connection(self):
        with another() as other:
            run(other, DEMOTED)
            before = process(other)

            with pytest.raises(OperationalError, match="read-only transaction"):
                run(other, WRITE)

            assert process(other) != before

    def test_within_a_transaction_too(self):
        with another() as other:
            run(other, DEMOTED)
            before = process(other)

            with pytest.raises(OperationalError), transaction_of(other), transaction_of(other):
                run(other, WRITE)

            assert process(other) != before

    def test_no_pool_hands_it_out_again(self):
        with pool(2) as other:
            run(other, DEMOTED)
            before = process(other)
            with pytest.raises(OperationalError):
                run(other, WRITE)
            other.close()

            assert process(other) != before

    def test_it_is_found_before_the_first_write_by_who_wants_to_write(self):
        with another(target_session_attrs="read-write") as writer, another() as reader:
            for wrapper in (writer, reader):
                run(wrapper, DEMOTED)

            assert (writer.is_usable(), reader.is_usable()) == (False, True)

    def test_nor_does_a_pool_hand_out_one_that_was_demoted_meanwhile(self):
        with pool(2, target_session_attrs="read-write") as other:
            run(other, DEMOTED)
            before = process(other)
            other.close()

            assert process(other) != before


class TestPool:
    def test_a_thread_gets_the_connection_that_another_gave_back(self):
        with pool(2) as other:
            before = process(other)
            other.close()

            assert process(other) == before

    def test_who_waits_in_vain_is_told_so_in_time(self):
        with pool(1, target_session_attrs="any") as one:
            process(one)
            beside = one.copy("another")
            started = time.monotonic()

            with pytest.raises(OperationalError) as silent:
                process(beside)

            assert isinstance(silent.value.__cause__, PoolTimeout)
            assert time.monotonic() - started < 4

    def test_connections_that_were_cut_are_made_anew(self):
        with pool(2) as other:
            before = process(other)
            other.close()
            run(connection, f"SELECT pg_terminate_backend({before}, 1000)")

            assert process(other) != before


def transaction_of(wrapper):
    """`atomic` for a connection that Django's handler does not know."""
    return Atomic(wrapper)


class Atomic(transaction.Atomic):
    def __init__(self, wrapper):
        super().__init__(None, savepoint=True, durable=False)
        self.wrapper = wrapper

    def __enter__(self):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(transaction, "get_connection", lambda _: self.wrapper)
            return super().__enter__()

    def __exit__(self, *error):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(transaction, "get_connection", lambda _: self.wrapper)
            return super().__exit__(*error)
