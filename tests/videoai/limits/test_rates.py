import pytest

from videoai.limits.rates import Rate, parse_rate, shared


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1/s", Rate(1, 1)),
        ("20/sec", Rate(20, 1)),
        ("6000/m", Rate(6_000, 60)),
        ("6000/min", Rate(6_000, 60)),
        ("5/h", Rate(5, 3_600)),
        ("5/hour", Rate(5, 3_600)),
        ("999999999/d", Rate(999_999_999, 86_400)),
        ("7/day", Rate(7, 86_400)),
        ("off", None),
    ],
)
def test_a_rate_is_a_number_in_a_time(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        *("", "600", "/min", "600/", "0/min", "-1/min", "+1/min", "1.5/min", "1e3/min", "1_000/min", "٦/min"),
        *("600/week", "600/minutes", "600 / min", "600/min\n", "OFF", "none", "1000000000/min", "6/mi"),
    ],
)
def test_anything_else_is_refused_with_the_way_out(text):
    with pytest.raises(ValueError, match=r"such as 600/min \(per s, sec, .*nor off"):
        parse_rate(text)


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1",
        "redis://127.0.0.1:6379/4",
        "redis://user:pass;word,@cache.example:6379",
        "rediss://[::1]:6380/0",
        "unix:///run/redis.sock",
        "unix://user:password@/run/redis.sock",
    ],
)
def test_a_redis_is_asked_where_it_is_said_to_be(url):
    assert shared(url)["LOCATION"] == [url]


@pytest.mark.parametrize(
    "url",
    [
        "memcached://127.0.0.1:11211",
        "127.0.0.1:6379",
        "redis",
        "redis://",
        "redis:///4",
        "redis://127.0.0.1:port",
        "redis://127.0.0.1:99999",
        "redis://[::1",
        "redis://127.0.0.1/database",
        "redis://127.0.0.1/0?socket_timeout=60",
        "redis://127.0.0.1/0#4",
        "unix://",
        " redis://127.0.0.1",
        "redis://cache..example",
        "redis://cache\n.example",
        "redis://кэш.example",
    ],
)
def test_what_is_no_address_of_a_redis_is_refused_and_not_repeated(url):
    with pytest.raises(ValueError, match="is no address of a Redis") as refused:
        shared(url)

    assert url not in str(refused.value).split()
