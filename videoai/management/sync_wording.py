"""How a taken over price list is told on a terminal, a line each."""

from collections.abc import Iterator

from models_registry.values import shown
from pricing.upstream.applying import SyncReport
from pricing.upstream.planning import EntryPlan, PriceStep, Verdict
from pricing.upstream.price_list import BASE, ListRefused

HELD = {
    Verdict.HELD: "held",
    Verdict.WAITING: "held since an earlier sync",
    Verdict.REJECTED: "rejected before, not asked again",
}
DETAILS = {
    "follows": "follows the list",
    "source": "source",
    "deprecation_date": "deprecated by its provider",
    "notes": "notes",
}


def report_lines(report: SyncReport, *, is_full: bool) -> Iterator[str]:
    """What is new, changed, held, covered by hand and gone.

    With `is_full` also each price of what is new, and all that is covered by hand, moved or not.
    """
    for planned in report.plans:
        yield from _plan_lines(planned, is_full=is_full)
        if planned.is_outlived(report.at):
            day = planned.entry.deprecation_date
            yield f"! {planned.entry.key}  gone by its list since {day}, and still on sale"
    for gone in report.vanished:
        yield f"- {gone.key}  no longer in the list; it stays as it is"


def problem_lines(refused: ListRefused) -> Iterator[str]:
    for key, name, reason in refused.problems:
        yield " ".join(filter(None, [f"{key}:", name and f"{name}:", reason]))


def summary(report: SyncReport) -> str:
    """As in `85 new, 0 changed, 2 unchanged. 1 held price waits …. 4,468 of other kinds skipped.`"""
    new = sum(planned.is_new for planned in report.plans)
    changed = sum(planned.changes for planned in report.plans if not planned.is_new)
    sentences = [f"{new:,} new, {changed:,} changed, {len(report.plans) - new - changed:,} unchanged."]
    if report.waiting:
        sentences.append(
            f"{_number(report.waiting, 'held price waits', 'held prices wait')} for somebody to decide."
        )
    if report.vanished:
        sentences.append(f"{len(report.vanished):,} no longer in the list.")
    if skipped := sum(report.price_list.skipped.values()):
        kinds = sorted(report.price_list.skipped.items(), key=lambda pair: (-pair[1], pair[0]))
        told = ", ".join(f"{kind} {number:,}" for kind, number in kinds)
        sentences.append(f"{_number(skipped, 'entry', 'entries')} of other kinds skipped ({told}).")
    return " ".join(sentences)


def _number(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _plan_lines(planned: EntryPlan, *, is_full: bool) -> Iterator[str]:
    key = planned.entry.key
    if planned.passed_over:
        yield f"= {key}  left alone: {planned.passed_over}"
        return
    if planned.is_new:
        yield _new_line(planned)
        if is_full:
            yield from (f"    {step.spot.words}: {step.after.words}" for step in planned.steps)
            yield from (f"    note: {note}" for note in planned.entry.notes)
        return
    if planned.listed is None:
        yield f"~ {key}  on the list from now on, as {planned.model}, at its own price"
    for step in planned.steps:
        yield from _step_lines(key, step, is_full=is_full)
    for name, (before, after) in planned.details.items():
        if name != "notes" or is_full:
            yield f"~ {key}  {DETAILS[name]}: {_text(before)} → {_text(after)}"
    for spot in planned.left:
        yield f"- {key}  {spot.words} no longer in the list; its price stays"


def _new_line(planned: EntryPlan) -> str:
    base = planned.entry.prices[BASE].words
    tiers = ", ".join(step.spot.words for step in planned.steps if step.spot != BASE)
    day = planned.entry.deprecation_date
    parts = [f"{base} a second", *([f"with {tiers}"] if tiers else []), *([f"until {day}"] if day else [])]
    return f"+ {planned.entry.key}  new draft: {', '.join(parts)}"


def _step_lines(key: str, step: PriceStep, *, is_full: bool) -> Iterator[str]:
    moved = f"{step.before.words if step.before else '(none)'} → {step.after.words}"
    if step.verdict.is_held:
        yield f"! {key}  {step.spot.words}: {moved}  {HELD[step.verdict]}: {step.why}"
    elif step.verdict.is_taken_over:
        yield f"~ {key}  {step.spot.words}: {moved}"
    if step.by_hand and (is_full or step.verdict.is_news):
        yield f"= {key}  {step.spot.words}: {step.after.words}, covered by hand with {step.by_hand}"


def _text(value: object) -> str:
    return "(none)" if value in (None, "", []) else shown(value).strip('"')
