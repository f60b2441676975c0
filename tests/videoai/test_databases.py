"""What addresses of databases mean, and which of them are refused."""

import re
from urllib.parse import unquote

import pytest
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from videoai import checks
from videoai.databases import database, prepare_to_serve, replicas
from videoai.edge.freshness.postgresql import conninfo

SECRET = "s3cret-w0rd"
READ_WRITE = "?target_session_attrs=read-write"


@pytest.fixture
def read(tmp_path, monkeypatch):
    for name in ("PGOPTIONS", "CONN_MAX_AGE", "REPLICA_MOST_LAG_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    return lambda url: database(url, embedded=tmp_path / "var" / "embedded.sqlite3")


def primary(read):
    return read(f"postgres://ada:{SECRET}@one/videoai")


class TestHosts:
    @pytest.mark.parametrize(
        ("place", "host", "port"),
        [
            ("one", "one", ""),
            ("one:5433", "one", 5433),
            ("one:5432,two:5433", "one,two", "5432,5433"),
            ("one,two:5433", "one,two", "5432,5433"),
            ("[::1]:5433", "::1", 5433),
            ("[::1]:5433,[fe80::2%25eth0],three", "::1,fe80::2%eth0,three", "5433,5432,5432"),
            ("%2Fvar%2FRun:5433", "/var/Run", 5433),
            ("%2Fvar%2FRun", "/var/Run", ""),
        ],
    )
    def test_each_is_read_as_libpq_wants_it(self, read, place, host, port):
        found = read(f"postgres://ada@{place}/videoai")

        assert (found["HOST"], found["PORT"]) == (host, port)

    def test_a_password_may_hold_what_separates(self, read):
        found = read("postgres://ada:a%40b%2Cc%3Ad%2F%23@one,two/videoai")

        assert (found["USER"], found["PASSWORD"], found["HOST"]) == ("ada", "a@b,c:d/#", "one,two")

    @pytest.mark.parametrize("password", ["a[b", "a#b", "a]b,c", "a%5Bb", "a@b"])
    @pytest.mark.parametrize("hosts", ["one:5433", "one:5432,two:5433"])
    def test_or_what_should_have_been_escaped(self, read, password, hosts):
        found = read(f"postgres://ada:{password}@{hosts}/videoai")

        assert found["PASSWORD"] == unquote(password)
        assert found["HOST"] == re.sub(":[0-9]+", "", hosts)
        assert str(found["PORT"]) == ",".join(re.findall(":([0-9]+)", hosts))

    def test_of_several_the_one_that_takes_writes_is_meant(self, read):
        assert read("postgres://ada@one,two/videoai")["OPTIONS"]["target_session_attrs"] == "read-write"
        assert "target_session_attrs" not in read("postgres://ada@one/videoai")["OPTIONS"]

    def test_the_edge_looks_at_the_same_hosts(self, read):
        found = read(f"postgres://ada@one:1,two:2/videoai{READ_WRITE}")
        told = {**found["OPTIONS"], "host": found["HOST"], "port": found["PORT"]}

        edge = conninfo_to_dict(conninfo(told))

        assert (edge["host"], edge["port"], edge["target_session_attrs"]) == ("one,two", "1,2", "read-write")
        assert "idle_in_transaction" in edge["options"]

    @pytest.mark.parametrize(
        ("address", "said"),
        [
            ("one:many/videoai", "DATABASE_URL is no address"),
            ("one:many,two/videoai", "DATABASE_URL: its hosts can't be read"),
            (",two/videoai", "DATABASE_URL: its hosts can't be read"),
            ("one/videoai?target_session_attrs=writable", "target_session_attrs=writable is none of any"),
        ],
    )
    def test_what_can_not_be_read_is_refused_without_its_password(self, read, address, said):
        with pytest.raises(ImproperlyConfigured, match=said) as refused:
            read(f"postgres://ada:{SECRET}@{address}")

        assert SECRET not in str(refused.value)


class TestReplicas:
    def test_each_address_becomes_one_and_may_name_several_hosts(self, read):
        found = replicas("postgres://a:1,b:2/n , postgresql://c/n,", primary=primary(read))

        assert [(alias, one["HOST"]) for alias, one in found.items()] == [
            ("replica_1", "a,b"),
            ("replica_2", "c"),
        ]

    def test_nothing_can_be_written_there(self, read):
        (found,) = replicas("postgres://a/n", primary=primary(read)).values()

        assert "default_transaction_read_only=on" in found["OPTIONS"]["options"]

    def test_none_are_named_by_nothing(self, read):
        assert replicas(" ", primary=primary(read)) == {}

    @pytest.mark.parametrize(
        "text", ["postgres://a/n,nonsense", "sqlite:///n", f"//u:{SECRET}@h/n", "postgres://a/n,mysql://b/n"]
    )
    def test_what_is_no_postgresql_is_refused(self, read, text):
        with pytest.raises(
            ImproperlyConfigured, match=r"REPLICA_URLS: the address with number [12] is"
        ) as refused:
            replicas(text, primary=primary(read))

        assert SECRET not in str(refused.value)

    def test_the_embedded_database_has_none(self, read):
        with pytest.raises(ImproperlyConfigured, match="DATABASE_URL names no PostgreSQL"):
            replicas("postgres://a/n", primary=read("sqlite:///a.sqlite3"))


class TestTimeouts:
    def test_commands_may_take_their_time(self, read):
        assert primary(read)["OPTIONS"]["options"] == "-c idle_in_transaction_session_timeout=60000"

    def test_who_answers_requests_does_not(self, read):
        config = primary(read)
        prepare_to_serve([config, read("sqlite:///a.sqlite3")], statement=30, lock=20, pool=0)

        assert config["OPTIONS"]["options"].startswith("-c statement_timeout=30000 -c lock_timeout=20000 ")

    def test_what_the_operator_says_counts_more(self, read, monkeypatch):
        monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=5s")
        config = read("postgres://one/videoai?options=-c%20lock_timeout%3D1s")
        prepare_to_serve([config], statement=30, lock=20, pool=0)

        told = config["OPTIONS"]["options"]
        assert told.index("statement_timeout=5s") > told.index("statement_timeout=30000")
        assert told.index("lock_timeout=1s") > told.index("lock_timeout=20000")

    def test_with_all_of_them_off_nothing_is_sent_that_a_proxy_could_refuse(self, read, monkeypatch):
        monkeypatch.setenv("DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS", "0")
        config = primary(read)
        prepare_to_serve([config], statement=0, lock=0, pool=0)

        assert "options" not in config["OPTIONS"]

    @pytest.mark.parametrize("text", ["-1", "soon", "1.5", "86401"])
    def test_nonsense_is_refused(self, read, monkeypatch, text):
        name = "DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS"
        monkeypatch.setenv(name, text)

        with pytest.raises(ImproperlyConfigured, match=f"{name}={text} is not a whole number"):
            primary(read)


class TestPool:
    def test_connections_are_kept_by_threads_at_first(self, read):
        config = primary(read)
        prepare_to_serve([config], statement=30, lock=20, pool=0)

        assert "pool" not in config["OPTIONS"]
        assert config["CONN_MAX_AGE"] == 600

    def test_or_by_a_pool_that_threads_give_them_back_to(self, read):
        config = primary(read)
        prepare_to_serve([config], statement=30, lock=20, pool=5)

        assert config["OPTIONS"]["pool"]["max_size"] == 5
        assert config["CONN_MAX_AGE"] == 0

    def test_neither_sqlite_nor_a_replica_has_one(self, read):
        others = [read("sqlite:///a.sqlite3"), *replicas("postgres://a/n", primary=primary(read)).values()]
        prepare_to_serve(others, statement=30, lock=20, pool=5)

        assert all("pool" not in config["OPTIONS"] for config in others)


class TestChecks:
    """What starts, but not as it was meant."""

    @pytest.mark.parametrize(
        "case",
        [
            ({}, "postgres://one/n", []),
            ({}, f"postgres://one,two/n{READ_WRITE}", []),
            ({"DATABASE_POOL_SIZE": "8", "CONN_MAX_AGE": "0"}, "postgres://one/n", []),
            ({"DATABASE_POOL_SIZE": "8", "CONN_MAX_AGE": "60"}, "postgres://one/n", ["videoai.E001"]),
            ({"DATABASE_POOL_SIZE": "1"}, "postgres://one/n", ["videoai.E002"]),
            ({"DATABASE_POOL_SIZE": "8"}, "sqlite:///a.sqlite3", ["videoai.W001"]),
            ({}, "postgres://one,two/n?target_session_attrs=any", ["videoai.W002"]),
            ({"REPLICA_URLS": "postgres://one:5432/n"}, "postgres://one/n", ["videoai.W003"]),
            ({"REPLICA_MOST_LAG_SECONDS": "9"}, "postgres://one/n", ["videoai.W004"]),
        ],
    )
    def test_contradictions_are_found(self, read, monkeypatch, settings, case):
        environment, url, found = case
        settings.DATABASE_POOL_SIZE = int(environment.get("DATABASE_POOL_SIZE", 0))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        messages = checks.contradictions(databases(read, url, environment.get("REPLICA_URLS", "")))

        assert [message.id for message in messages] == found

    def test_a_lock_is_given_up_before_the_statement_that_waits_for_it(self, read, settings):
        settings.DATABASE_LOCK_TIMEOUT_SECONDS = settings.DATABASE_STATEMENT_TIMEOUT_SECONDS = 30

        messages = checks.contradictions(databases(read, "postgres://one/n"))

        assert [message.id for message in messages] == ["videoai.W005"]


def databases(read, url, others=""):
    return {"default": read(url), **replicas(others, primary=read(url))}
