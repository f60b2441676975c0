"""What an entry tells, in sentences for people: `$ per second: 0.75 → 0.5`."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.module_loading import import_string

from models_registry.audit.audited import Audited, audited_classes
from models_registry.audit.models import AuditEntry, State
from models_registry.values import moment_text, same

DEEDS = {
    "create": "created",
    "change": "changed",
    "delete": "deleted",
    "retire": "retired",
    "restore": "restored",
    "make_default": "made the default",
    "adopt": "taken over as it stood",
    "revoke": "revoked",
    "rotate": "rotated",
    "token_refused": "refused",
    "schedule": "scheduled",
    "carry_out": "carried out",
    "cancel": "cancelled",
    "give_up": "failed",
}
FIRST_FACTS = {"status", "code", "why"}
NOTHING = "none"
LONGEST_VALUE = 80  # characters
LONGEST_TOLD = 240
SHARED_CONTEXT = 15  # characters shown of what two long texts begin with alike
MOST_PATHS = 10  # lines about one JSON object
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def deed(entry: AuditEntry) -> str:
    """What was done, to what sort of thing: `model changed`."""
    done = DEEDS.get(entry.action, entry.action.replace("_", " "))
    return f"{kind_name(entry.kind)} {done}".lstrip()


def kind_name(kind: str) -> str:
    audited = _audited(kind)
    return str(audited._meta.verbose_name) if audited else kind.replace("_", " ")


def kinds_name(kind: str) -> str:
    """As in `price list entries`."""
    audited = _audited(kind)
    return str(audited._meta.verbose_name_plural) if audited else f"{kind_name(kind)}s"


def sentences(entry: AuditEntry) -> list[str]:
    """What came of it: of a change, what each field was and is; of a row that came or went, the gist."""
    before, after = entry.state_before, entry.state_after
    if before is None and after is None:
        return [f"{name.replace('_', ' ')}: {_plain(value)}" for name, value in _facts(entry) if value != ""]
    if before is None or after is None:
        return _gist(entry.kind, after or before or {})
    return differences(entry.kind, before, after)


def _facts(entry: AuditEntry) -> list[tuple[str, Any]]:
    """The facts of an event, what came of it first."""
    return sorted(entry.told_facts.items(), key=lambda fact: fact[0] not in FIRST_FACTS)


def headline(entry: AuditEntry) -> str:
    """The whole entry in one short line."""
    own = _own_words(entry)
    if own:
        return shortened(own, most=LONGEST_TOLD)
    told = sentences(entry)
    if entry.before is None and entry.after is None:
        return ": ".join(filter(None, (deed(entry), "; ".join(map(shortened, told[:2])))))
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return f"{deed(entry)}: {shortened(told[0])}{more}" if told else deed(entry)


def _own_words(entry: AuditEntry) -> str:
    """What the table itself says of the step; empty: nothing of its own."""
    audited = _audited(entry.kind)
    return str(import_string(audited.audit_teller)(entry)) if audited and audited.audit_teller else ""


def differences(kind: str, before: State, after: State) -> list[str]:
    """How a row went from one state to another, field by field; empty if nothing differs."""
    return [
        sentence
        for name in in_order(kind, before, after)
        if name not in before or name not in after or not same(before[name], after[name])
        for sentence in _field_sentences(label(kind, name), before.get(name), after.get(name))
    ]


def in_order(kind: str, *states: State) -> list[str]:
    """The fields of `states`, as their table has them; others follow by name."""
    names = sorted({name for state in states for name in state})
    audited = _audited(kind)
    columns = [field.name for field in audited._meta.concrete_fields] if audited else []
    return sorted(names, key=lambda name: columns.index(name) if name in columns else len(columns))


def label(kind: str, name: str) -> str:
    audited = _audited(kind)
    return audited.audit_label(name) if audited else name.replace("_", " ")


def _audited(kind: str) -> type[Audited] | None:
    return next((model for model in audited_classes() if model.audit_kind == kind), None)


def _gist(kind: str, state: State) -> list[str]:
    audited = _audited(kind)
    names = [name for name in audited.audit_summary if name in state] if audited else []
    shown = [f"{label(kind, name)} {_plain(state[name])}" for name in names or in_order(kind, state)]
    return [", ".join(shown)]


# --- One field -------------------------------------------------------------------------------------------


def _field_sentences(name: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, bool) and isinstance(after, bool):
        yield f"now {name}" if after else f"no longer {name}"
    elif isinstance(before, list) and isinstance(after, list):
        yield f"{name}: {_list_change(before, after)}"
    elif isinstance(before, dict) and isinstance(after, dict):
        yield from _object_sentences(name, before, after)
    else:
        yield f"{name}: {_step(before, after)}"


def _list_change(before: list[Any], after: list[Any]) -> str:
    added = [item for item in after if not _holds(before, item)]
    removed = [item for item in before if not _holds(after, item)]
    parts = [f"{verb} {_plain(items)}" for verb, items in (("added", added), ("removed", removed)) if items]
    return "; ".join(parts) or f"{_plain(before)} → {_plain(after)}"


def _holds(items: list[Any], wanted: Any) -> bool:
    return any(same(item, wanted) for item in items)


def _object_sentences(name: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    steps = [f"{name}: {path} {told}" for path, told in _object_changes(before, after)]
    yield from steps[:MOST_PATHS]
    if len(steps) > MOST_PATHS:
        yield f"{name}: and {len(steps) - MOST_PATHS} more"


def _object_changes(
    before: dict[str, Any], after: dict[str, Any], path: str = ""
) -> Iterator[tuple[str, str]]:
    """Where two JSON objects differ: (path, what became of it)."""
    for key in sorted({*before, *after}):
        here = shortened(f"{path}.{key}" if path else key)
        if key not in before:
            yield here, f"added: {_plain(after[key])}"
        elif key not in after:
            yield here, f"removed: {_plain(before[key])}"
        elif isinstance(before[key], dict) and isinstance(after[key], dict):
            yield from _object_changes(before[key], after[key], here)
        elif not same(before[key], after[key]):
            yield here, f"changed: {_step(before[key], after[key])}"


# --- One value -------------------------------------------------------------------------------------------


def _step(before: Any, after: Any) -> str:
    old, new = _plain(before), _plain(after)
    if old != new:
        return f"{old} → {new}"
    if isinstance(before, str) and isinstance(after, str):  # they begin alike, and are long
        start = max(_first_difference(before, after) - SHARED_CONTEXT, 0)
        return f"…{_typed(before[start:])} → …{_typed(after[start:])}"
    return f"{_typed(before)} → {_typed(after)}"


def _first_difference(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _plain(value: Any) -> str:
    """`value` as people write it."""
    if value is None or value in ("", []):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return shortened(_moment(value) if MOMENT.fullmatch(value) else value)
    if isinstance(value, list):
        return shortened(", ".join(map(_plain, value)))
    return _typed(value)


def _typed(value: Any) -> str:
    """`value` as JSON writes it, so that "1" and 1 look different."""
    return _cut(json.dumps(value, ensure_ascii=False))


def _moment(text: str) -> str:
    try:
        return moment_text(datetime.fromisoformat(text))
    except ValueError:  # it only looks like one
        return text


def shortened(text: str, *, most: int = LONGEST_VALUE) -> str:
    """`text` in one line that isn't long."""
    return _cut(" ".join(text.split()), most=most)


def _cut(line: str, *, most: int = LONGEST_VALUE) -> str:
    return line if len(line) <= most else f"{line[: most - 1]}…"
