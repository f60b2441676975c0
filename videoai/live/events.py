"""What a live stream says, as server-sent events (WHATWG HTML, 9.2)."""

import json
from collections.abc import Collection

MEDIA_TYPE = "text/event-stream"
CATALOGUE = "catalogue"
RETRY_MILLISECONDS = 2_000
# Beyond that many, asking for everything anew is cheaper than asking one by one.
MOST_MODELS = 100
HEARTBEAT = b": \n\n"


def event_id(epoch: str, revision: int) -> str:
    """What `Last-Event-ID` brings back. Only ever compared: revisions of two databases have no order."""
    return f"{epoch}-{revision}"


def opening(event_id: str) -> bytes:
    """How every stream begins. A browser keeps the id, so that it can resume though nothing happened."""
    return f"retry: {RETRY_MILLISECONDS}\nid: {event_id}\n\n".encode()


def changed(event_id: str, models: Collection[str]) -> bytes:
    """Tells which models became others, were put on sale or taken off; `reload` if they are too many."""
    if len(models) > MOST_MODELS:
        return reload(event_id)
    return _catalogue(event_id, changed=list(models), reload=False)


def reload(event_id: str) -> bytes:
    """Tells that anything may have changed."""
    return _catalogue(event_id, changed=[], reload=True)


def _catalogue(event_id: str, **facts: object) -> bytes:
    revision = int(event_id.rpartition("-")[2])
    data = json.dumps({"revision": revision, **facts}, separators=(",", ":"))
    return f"id: {event_id}\nevent: {CATALOGUE}\ndata: {data}\n\n".encode()
