import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.videoai.deploy.local.visitors import Visitor
from videoai.deploy.local.cluster import Cluster, refuse_missing
from videoai.deploy.local.processes import NotInstalled
from videoai.deploy.local.residents import inhabited

REQUIRED = os.environ.get("REQUIRE_CLUSTER") == "1"


def need() -> None:
    """Skip the test where a program of the cluster's is missing, or fail."""
    try:
        refuse_missing()
    except NotInstalled as error:
        if REQUIRED:
            pytest.fail(f"REQUIRE_CLUSTER=1. {error}")
        pytest.skip(f"{error} (REQUIRE_CLUSTER=1 makes this fail instead.)")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One that PostgreSQL may look into, which pytest's own are not."""
    with inhabited(Path(tempfile.mkdtemp(prefix="videoai-test-"))) as folder:
        folder.chmod(0o711)
        yield folder


@pytest.fixture(scope="module")
def cluster(folder: Path) -> Iterator[Cluster]:
    """The whole of it. A test that takes a part away puts it back."""
    need()
    cluster = Cluster(folder)
    try:
        cluster.start(lambda line: None)
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def visitor(cluster: Cluster) -> Visitor:
    return Visitor(cluster.nginx)


@pytest.fixture(scope="module")
def writer(cluster: Cluster) -> str:
    """What a program that may change the catalogue sends as its authorization."""
    return f"Bearer {cluster.token('writer', 'catalog:write')}"
