"""What a file's rows ask of the catalogue as it stands; nothing is written here.

A plan names every fault that shows without writing. The catalogue's own rules about a row are not repeated:
they speak up when the plan is carried out.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from models_registry.models import AIModel
from models_registry.validation import editable_fields
from models_registry.values import shown
from pricing.models import Rate
from videoai.exchange.catalogue import Catalogue
from videoai.exchange.rates import RATES, Place, read_rates
from videoai.exchange.reader import Problem, Row

EDITABLE = frozenset(column.name for column in editable_fields(AIModel))
DERIVED = frozenset(column.name for column in AIModel._meta.concrete_fields) - EDITABLE | {"status"}


@dataclass(frozen=True)
class Plan:
    """One row, read against the catalogue."""

    row: Row
    target: AIModel | None  # None: there is no such model yet
    changes: dict[str, Any]  # what the service is to write
    rates: dict[Place, Rate] | None  # the whole set; None leaves them as they are
    problems: tuple[Problem, ...]
    is_feasible: bool = True  # False: without knowing the model there is nothing to try

    @property
    def successor(self) -> str | None:
        """The id of the model that has to be there first."""
        successor = self.changes.get("successor")
        return successor.strip() if isinstance(successor, str) else None

    @property
    def claims_default(self) -> bool:
        return "is_default" in self.changes and self.changes["is_default"] is True


def plan(rows: Iterable[Row], *, standing: Catalogue, qualities: Collection[str]) -> list[Plan]:
    """A plan for each row, in their order. `qualities` are the keys of the tiers."""
    planner = Planner(standing, qualities)
    return [planner.plan(row) for row in rows]


def in_order(plans: Iterable[Plan]) -> list[Plan]:
    """As they are carried out: a model's successor before the model.

    And the claim to the default before all others: one of them may retire the model that has it so far.
    """
    waiting = sorted(plans, key=lambda one: not one.claims_default)
    by_id = {one.row.model_id: one for one in waiting}
    ordered: dict[int, Plan] = {}
    for planned in waiting:
        chain: dict[int, Plan] = {}
        following: Plan | None = planned
        while following is not None and id(following) not in {*ordered, *chain}:
            chain[id(following)] = following
            following = by_id.get(following.successor) if following.successor else None
        ordered |= dict(reversed(chain.items()))
    return list(ordered.values())


class Planner:
    """Goes through the rows of one file and remembers which ids it has met, and who claims the default."""

    def __init__(self, standing: Catalogue, qualities: Collection[str]) -> None:
        self.standing = {model_id.lower(): model for model_id, model in standing.models.items()}
        self.qualities = qualities
        self.met: dict[str, Row] = {}
        self.claimant: Row | None = None

    def plan(self, row: Row) -> Plan:
        target = self.standing.get(row.model_id.lower()) if row.model_id else None
        rates, rate_problems = _read_rates(row, self.qualities)
        problems = (
            *row.problems,
            *self._id_problems(row, target),
            *_field_problems(row),
            *self._claim_problems(row),
            *rate_problems,
        )
        changes = _changes(row, target, faulty={problem.field for problem in problems})
        is_known = row.model_id is not None and not (row.is_price_update and target is None)
        return Plan(row, target, changes, rates, problems, is_feasible=is_known)

    def _id_problems(self, row: Row, target: AIModel | None) -> Iterator[Problem]:
        model_id = row.model_id
        if model_id is None:
            yield from _missing_id_problems(row)
            return
        first = self.met.setdefault(model_id.lower(), row)
        if first is not row:
            yield row.problem(
                "model_id", f"This id stands on line {first.line} already; give each model one row."
            )
        if target is not None and target.model_id != model_id:
            yield row.problem(
                "model_id", f"It differs from {target.model_id} in case only; write it as it stands there."
            )
        if target is None and row.is_price_update:
            yield row.problem("model_id", "There is no such model, and a price list creates none.")

    def _claim_problems(self, row: Row) -> Iterator[Problem]:
        if row.values.get("is_default") is not True:
            return
        if self.claimant is None:
            self.claimant = row
            return
        yield row.problem("is_default", f"The row on line {self.claimant.line} claims the default already.")


def _missing_id_problems(row: Row) -> Iterator[Problem]:
    if row.problems:  # it says already what is wrong with the row, or with the id
        return
    found = row.values.get("model_id")
    reason = "It is missing." if found is None else f"{shown(found)} is no id."
    yield row.problem("model_id", reason)


def _field_problems(row: Row) -> Iterator[Problem]:
    for name in row.values:
        if name in DERIVED:
            yield row.problem(name, "This is kept by the system; leave it out.")
        elif name not in EDITABLE and name != RATES:
            yield row.problem(name, "There is no such field; leave it out.")


def _changes(row: Row, target: AIModel | None, *, faulty: Collection[str | None]) -> dict[str, Any]:
    """The values that a service is to write: those without a fault so far."""
    changes = {
        name: value
        for name, value in row.values.items()
        if name in EDITABLE and row.called(name) not in faulty
    }
    if target is not None:
        changes.pop("model_id", None)
    # The flag is claimed, never given up: the first active model has it without being told.
    if changes.get("is_default") is False:
        del changes["is_default"]
    return changes


def _read_rates(row: Row, qualities: Collection[str]) -> tuple[dict[Place, Rate] | None, list[Problem]]:
    """The rates of `row` by place, or None if it has none or faulty ones; and the faults."""
    if RATES not in row.values or any(problem.field == RATES for problem in row.problems):
        return None, []
    rates, faults = read_rates(row.values[RATES], qualities=qualities)
    problems = [row.problem(fault.field, fault.reason, code=fault.code) for fault in faults]
    return None if problems else rates, problems
