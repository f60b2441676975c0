import os
from pathlib import Path

import pytest

from videoai import cores as module
from videoai.cores import cores, quotas


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Eight cores, and control groups as `groups` and `files` say."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    monkeypatch.setattr(module, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(module, "CONTROL_GROUPS", tmp_path / "groups")

    def prepare(groups: str, **files: str) -> None:
        (tmp_path / "own").write_text(groups)
        for name, text in files.items():
            file = tmp_path / "groups" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    return prepare


def test_without_a_limit_the_cores_that_it_may_use_count(machine):
    assert cores() == 8


@pytest.mark.parametrize(
    ("limit", "number"),
    [
        ("200000 100000", 2),
        ("150000 100000", 2),
        ("50000 100000", 1),
        ("max 100000", 8),
        ("1600000 100000", 8),
    ],
)
def test_the_limit_of_a_container_counts(machine, limit, number):
    machine("0::/\n", **{"cpu.max": f"{limit}\n"})

    assert cores() == number


def test_the_smallest_limit_of_all_groups_above_counts(machine):
    limits = {"pods.slice/cpu.max": "300000 100000", "pods.slice/one/cpu.max": "max 100000"}
    machine("0::/pods.slice/one\n", **limits)

    assert cores() == 3


@pytest.mark.parametrize(("quota", "number"), [("250000", 3), ("-1", 8)])
def test_the_older_control_groups_count_too(machine, quota, number):
    limits = {"cpu/cpu.cfs_quota_us": f"{quota}\n", "cpu/cpu.cfs_period_us": "100000\n"}
    machine("3:cpu,cpuacct:/docker/a1\n2:memory:/docker/a1\n", **limits)

    assert cores() == number


@pytest.mark.parametrize("limit", ["", "nonsense", "0 100000", "100000 0", "-5 100000", "100000", "² 100000"])
def test_a_limit_that_cannot_be_read_is_none(machine, limit):
    machine("0::/\n", **{"cpu.max": limit})

    assert cores() == 8


def test_a_group_is_not_looked_for_outside_of_the_groups(tmp_path):
    (tmp_path / "cpu.max").write_text("100000 100000")
    (tmp_path / "own").write_text("0::/\n")

    assert list(quotas(tmp_path / "own", Path(tmp_path / "groups"))) == []
