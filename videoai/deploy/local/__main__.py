"""VideoAI as in production, on this machine: PostgreSQL with a replica, Redis, two apps, nginx with TLS.

All of it listens on loopback alone. It ends with Ctrl-C, and takes its data with it.
"""

import os
import signal
import sys
import tempfile
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from videoai.deploy.local.cluster import Cluster, refuse_hidden, refuse_missing
from videoai.deploy.local.processes import Failed, NotInstalled, listens
from videoai.deploy.local.residents import inhabited
from videoai.deploy.local.telling import told

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """Somebody asks us to end."""


def end(number: int, frame: FrameType | None) -> None:
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)  # once is enough: what follows takes all down, whatever happens
    raise Ended


def read_options() -> Namespace:
    parser = ArgumentParser(prog="make cluster ARGS='…'", description=__doc__)
    parser.add_argument(
        "--port",
        type=port,
        default=os.environ.get("PORT") or None,
        help="where nginx listens with TLS (default: PORT, or else a free one)",
    )
    parser.add_argument("--apps", type=number, default=2, metavar="N", help="servers (default: 2)")
    parser.add_argument(
        "--workers", type=number, default=1, metavar="N", help="processes of each (default: 1)"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="put the data there, and leave them when it ends"
    )
    return parser.parse_args()


def number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 16):
        raise ArgumentTypeError(f"{text} is not a whole number from 1 to 16")
    return int(text)


def port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65_535):
        raise ArgumentTypeError(f"{text} is not a whole number from 1 to 65535")
    if listens(int(text)):
        raise ArgumentTypeError(f"somebody listens at {text} already; choose another")
    return int(text)


@contextmanager
def home(keep: Path | None) -> Iterator[Path]:
    """An empty folder. Raises OSError when `keep` can't be that."""
    if keep is None:
        folder = Path(tempfile.mkdtemp(prefix="videoai-cluster-"))
    else:
        folder = keep.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OSError(f"--keep {keep}: something is there already; name a new folder.")
    with inhabited(folder, keep=keep is not None):
        # Others may pass but not look: root's PostgreSQL and nginx have users of their own.
        folder.chmod(0o711)
        refuse_hidden(folder)
        yield folder


def serve(options: Namespace) -> None:
    """Until somebody asks us to end."""
    with home(options.keep) as folder:
        cluster = Cluster(folder, apps=options.apps, workers=options.workers, port=options.port)
        try:
            cluster.start(say)
            say(told(cluster))
            while True:
                signal.pause()
        except Ended:
            say(f"\nEnding; the data stay in {folder}." if options.keep else "\nEnding; nothing is left.")
        finally:
            cluster.stop()


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def main() -> None:
    options = read_options()
    try:
        refuse_missing()
        for ending in ENDINGS:
            signal.signal(ending, end)
        serve(options)
    except Ended:
        sys.exit(130)
    except (NotInstalled, Failed, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
