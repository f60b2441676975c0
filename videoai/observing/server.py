"""The numbers of this server, as each of its processes has them."""

import os

from videoai.observing.metrics import tallies
from videoai.observing.sharing import Sharing

# Set by whoever starts the server's processes; without it, each answers for itself.
FOLDER = "VIDEOAI_METRICS_FOLDER"

sharing = Sharing(tallies, os.environ.get(FOLDER))
