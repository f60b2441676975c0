"""The settings as a fresh process reads them: they refuse to start unsafe, and say what to do."""

import os
import subprocess
import sys
from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured

from videoai.environment import days, factor
from videoai.first_run import ensure_secret_key

LONG_KEY = "k3y-" * 10


def start(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    base = {"PATH": os.environ["PATH"], "SECRET_KEY": LONG_KEY, "DATABASE_URL": "sqlite://:memory:"}
    return subprocess.run(
        [sys.executable, *(command or ("manage.py", "check"))],
        env={**base, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_safe_settings_start():
    assert start().returncode == 0


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": f"django-insecure-{LONG_KEY}"}, "SECRET_KEY"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL"),
        ({"CONN_MAX_AGE": "long"}, "CONN_MAX_AGE"),
        ({"DATABASE_POOL_SIZE": "1001"}, "DATABASE_POOL_SIZE=1001 is not a whole number from 0 to 1,000"),
        ({"DATABASE_STATEMENT_TIMEOUT_SECONDS": "-1"}, "DATABASE_STATEMENT_TIMEOUT_SECONDS=-1 is not"),
        ({"REPLICA_URLS": f"postgres://ada:{LONG_KEY}@one/n"}, "DATABASE_URL names no PostgreSQL"),
        ({"REPLICA_MOST_LAG_SECONDS": "1"}, "REPLICA_MOST_LAG_SECONDS=1 is not"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT=xml is neither json nor text"),
        ({"ACCESS_LOG": "some"}, "ACCESS_LOG=some is none of all, django, off"),
        ({"SLOW_QUERY_MILLISECONDS": "slow"}, "SLOW_QUERY_MILLISECONDS=slow is not a whole number"),
        ({"METRICS_NETWORKS": "prometheus.example"}, "METRICS_NETWORKS"),
        ({"RATE_LIMIT_READ": "many"}, "RATE_LIMIT_READ=many is neither a rate such as 600/min"),
        ({"RATE_LIMIT_WRITE": "0/min"}, "RATE_LIMIT_WRITE"),
        ({"RATE_LIMIT_FAILURE": "10/week"}, "RATE_LIMIT_FAILURE"),
        ({"CACHE_URL": f"memcached://:{LONG_KEY}@127.0.0.1:11211"}, "CACHE_URL is no address of a Redis"),
        ({"TRUSTED_PROXIES": "10.0.0.1/8"}, "TRUSTED_PROXIES: 10.0.0.1/8 has host bits set"),
        ({"TRUSTED_PROXIES": "proxy.example"}, "TRUSTED_PROXIES"),
        ({"HTTPS": "ture"}, "HTTPS"),
        ({"TWO_FACTOR": "wanted"}, "TWO_FACTOR"),
        ({"PRICE_CHANGE_GUARD": "1"}, "PRICE_CHANGE_GUARD=1 is neither a factor above 1"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"EDGE_UPSTREAM": "127.0.0.1:8001"}, "EDGE_UPSTREAM: 127.0.0.1:8001 is no place to ask. List http"),
        ({"ALLOWED_HOSTS": "models.example,*"}, "ALLOWED_HOSTS"),
    ],
)
def test_unsafe_ones_do_not(environment, said):
    refused = start(DEBUG="false", **environment)

    assert refused.returncode != 0
    assert said in refused.stderr
    assert LONG_KEY not in refused.stderr


def test_limits_can_be_switched_off_and_counted_in_redis():
    limits = {"RATE_LIMIT_READ": "off", "RATE_LIMIT_WRITE": "10/s", "CACHE_URL": "redis://:x@127.0.0.1:1/4"}

    assert start(**limits).returncode == 0


def test_the_server_says_in_one_sentence_what_is_wrong_with_the_settings():
    refused = start("-m", "videoai.serve", SECRET_KEY="")

    assert refused.returncode == 1
    assert refused.stderr.startswith("SECRET_KEY is missing")
    assert "Traceback" not in refused.stderr


def test_debugging_needs_no_key():
    assert start(DEBUG="true", SECRET_KEY="").returncode == 0


def test_a_key_that_begins_with_a_dollar_is_taken_as_it_stands():
    assert start(SECRET_KEY=f"${LONG_KEY}").returncode == 0


def test_usage_is_kept_for_a_whole_number_of_days_or_without_end(monkeypatch):
    for text, number in {"": None, "1": 1, "90": 90, "36500": 36_500}.items():
        monkeypatch.setenv("USAGE_RETENTION_DAYS", text)
        assert days("USAGE_RETENTION_DAYS") == number
    for text in ("0", "-1", "90d", "1.5", "36501", "9" * 5_000, "٣", " 90"):
        monkeypatch.setenv("USAGE_RETENTION_DAYS", text)
        with pytest.raises(
            ImproperlyConfigured, match=r"USAGE_RETENTION_DAYS=.* is not a whole number of days"
        ):
            days("USAGE_RETENTION_DAYS")


def test_the_guard_of_prices_is_a_factor_above_one_or_off(monkeypatch):
    for text, guard in {"": Decimal(3), "1.5": Decimal("1.5"), "10": Decimal(10), "OFF": None}.items():
        monkeypatch.setenv("PRICE_CHANGE_GUARD", text)
        assert factor("PRICE_CHANGE_GUARD", default="3") == guard
    for text in ("0", "1", "-3", "3x", "1e3", "NaN", "٣", "9" * 50, "no"):
        monkeypatch.setenv("PRICE_CHANGE_GUARD", text)
        with pytest.raises(ImproperlyConfigured, match=r"PRICE_CHANGE_GUARD=.* nor off"):
            factor("PRICE_CHANGE_GUARD", default="3")


@pytest.mark.parametrize("text", ["59", "86401", "-60", "15m"])
def test_a_quote_holds_for_a_minute_to_a_day(text):
    refused = start(QUOTE_LIFETIME_SECONDS=text)

    assert refused.returncode == 1
    assert f"QUOTE_LIFETIME_SECONDS={text} is not a whole number from 60 to 86,400." in refused.stderr


class TestFirstRun:
    @pytest.fixture(autouse=True)
    def no_key(self, monkeypatch):
        monkeypatch.delenv("SECRET_KEY")

    def test_it_writes_a_random_key_that_only_its_owner_reads(self, tmp_path):
        first, second = tmp_path / "first", tmp_path / "second"
        ensure_secret_key(first)
        ensure_secret_key(second)

        assert first.read_text() != second.read_text()
        assert first.stat().st_mode & 0o777 == 0o600

    def test_it_leaves_an_existing_file_alone(self, tmp_path):
        file = tmp_path / ".env"
        file.write_text("DEBUG=true\n")

        ensure_secret_key(file)

        assert file.read_text() == "DEBUG=true\n"

    def test_it_writes_nothing_when_the_environment_has_a_key(self, tmp_path, monkeypatch):
        monkeypatch.setenv("SECRET_KEY", LONG_KEY)

        ensure_secret_key(tmp_path / ".env")

        assert not (tmp_path / ".env").exists()
