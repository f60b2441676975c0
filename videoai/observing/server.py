"""The numbers of this server, as each of its processes has them."""

import os
import time
from pathlib import Path

from videoai.observing.metrics import tallies
from videoai.observing.sharing import SERVER, Sharing

# Set by whoever starts the server's processes; without it, each answers for itself.
FOLDER = "VIDEOAI_METRICS_FOLDER"

sharing = Sharing(tallies, os.environ.get(FOLDER))


def started_at() -> float:
    """When this server started, in seconds since 1970: the same in each of its processes."""
    folder = os.environ.get(FOLDER)
    try:
        return (Path(folder) / SERVER).stat().st_mtime if folder else time.time()
    except OSError:
        return time.time()
