"""How many connections a server may come to hold, by its settings."""

import pytest

from videoai.doctor.arithmetic import wanted_connections


@pytest.mark.parametrize(
    ("changed", "each"),
    [
        ({}, 1 + 3 + 8 + 4),
        ({"DATABASE_ROUTERS": ["videoai.replicas.router.Router"]}, 1 + 4 + 8 + 4),
        ({"DATABASE_POOL_SIZE": 6}, 1 + 6),
        ({"EDGE_UPSTREAM": ["127.0.0.1:9000"]}, 1 + 3),
        ({"EDGE": False}, 2),
    ],
)
def test_every_thread_that_asks_the_database_counts(settings, monkeypatch, changed, each):
    monkeypatch.setenv("WORKERS", "3")
    usual = {"EDGE": True, "EDGE_UPSTREAM": [], "EDGE_THREADS": 8, "DATABASE_POOL_SIZE": 0}
    for name, value in {**usual, "DATABASE_ROUTERS": [], **changed}.items():
        setattr(settings, name, value)

    assert wanted_connections().number == 3 * each
