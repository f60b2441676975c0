"""What a list asks of the catalogue as it stands; nothing is written here."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from models_registry.models import AIModel
from pricing.models import Layer, Rate, UpstreamModel
from pricing.upstream.drafts import model_id_of
from pricing.upstream.guarding import why_held
from pricing.upstream.models import HeldPrice, State
from pricing.upstream.price_list import BASE, Entry, Price, PriceList, Problem, Spot
from pricing.upstream.standing import Standing
from pricing.upstream.sunsets import has_ended


class Verdict(Enum):
    """What becomes of one price of a list."""

    SAME = "same"
    NEW = "new"
    CHANGED = "changed"
    HELD = "held"  # a proposal is raised
    WAITING = "waiting"  # one waits already
    REJECTED = "rejected"  # somebody has said no to just that

    @property
    def is_taken_over(self) -> bool:
        return self in {Verdict.NEW, Verdict.CHANGED}

    @property
    def is_news(self) -> bool:
        """Has the list moved since the last sync?"""
        return self.is_taken_over or self == Verdict.HELD

    @property
    def is_held(self) -> bool:
        return self in {Verdict.HELD, Verdict.WAITING, Verdict.REJECTED}


@dataclass(frozen=True)
class PriceStep:
    """One price of one entry: what was compared, and what becomes of it."""

    spot: Spot
    before: Price | None
    after: Price
    verdict: Verdict
    why: str = ""
    by_hand: str = ""  # what covers it
    is_retold: bool = False  # the price stands, and what is said of it differs


@dataclass(frozen=True)
class EntryPlan:
    entry: Entry
    model: AIModel | None  # None: there is no such model yet
    listed: UpstreamModel | None  # None: no list has it yet
    steps: tuple[PriceStep, ...] = ()
    details: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)  # column → before, after
    obsolete: tuple[HeldPrice, ...] = ()  # proposals that the list no longer makes
    left: tuple[Spot, ...] = ()  # priced by the list once, and no longer
    problems: tuple[Problem, ...] = ()
    passed_over: str = ""  # why the entry is left alone

    @property
    def is_new(self) -> bool:
        return self.model is None and not self.passed_over

    @property
    def changes(self) -> bool:
        """Is anything written of an entry whose model stands?"""
        is_linked = self.listed is None and self.model is not None and not self.passed_over
        moved = any(step.verdict.is_news for step in self.steps)
        retold = any(step.is_retold for step in self.steps)
        return is_linked or moved or retold or bool(self.details or self.obsolete)

    def is_outlived(self, at: datetime) -> bool:
        """Is the model on sale, though the list has taken it away by `at`?"""
        is_sold = self.model is not None and self.model.is_active and not self.passed_over
        return is_sold and has_ended(self.entry.deprecation_date, now=at)


def plan(price_list: PriceList, standing: Standing, *, most: Decimal | None) -> list[EntryPlan]:
    """A plan for each entry, in their order. `most`: the factor by which a price may move by itself."""
    planner = _Planner(price_list.name, standing, most)
    return [planner.plan(entry) for entry in price_list.entries]


def vanished(
    price_list: PriceList, standing: Standing, *, without: Collection[str] = ()
) -> list[UpstreamModel]:
    """What the list once had and has no longer; it all stays."""
    keys = {entry.key for entry in price_list.entries} | set(without)
    found = [one for one in standing.listed.values() if one.list_name == price_list.name]
    return sorted((one for one in found if one.key not in keys), key=lambda one: one.key)


class _Planner:
    """Remembers which ids the entries of one list have asked for."""

    def __init__(self, list_name: str, standing: Standing, most: Decimal | None) -> None:
        self.list_name, self.standing, self.most = list_name, standing, most
        self.met: dict[str, str] = {}  # id in small letters → key
        self.by_key = {o.key: o for o in standing.listed.values() if o.list_name == list_name}
        self.by_pk = {model.pk: model for model in standing.book.models}

    def plan(self, entry: Entry) -> EntryPlan:
        listed = self.by_key.get(entry.key)
        if listed is not None:
            return self._standing_plan(entry, self.by_pk[listed.model_id], listed)
        model_id = model_id_of(entry.key)
        first = self.met.setdefault(model_id.lower(), entry.key)
        model = self.standing.models.get(model_id.lower())
        if first != entry.key:
            reason = f"Its id would be {model_id}, like that of {first}. Leave one of them out."
            return EntryPlan(entry, None, None, problems=(Problem(entry.key, "", reason),))
        if model is None:
            return self._new_plan(entry)
        other = self.standing.listed.get(model.pk)
        if other is not None:
            return EntryPlan(entry, model, other, passed_over=f"{model_id} follows {other} already.")
        return self._standing_plan(entry, model, None)

    def _new_plan(self, entry: Entry) -> EntryPlan:
        problems = [*_free(entry, entry.prices)]
        if entry.own_price is None:
            reason = "It has no price by the second, which a new model needs. Add the model by hand first."
            problems.append(Problem(entry.key, "", reason))
        steps = tuple(PriceStep(spot, None, price, Verdict.NEW) for spot, price in entry.prices.items())
        return EntryPlan(entry, None, None, steps, problems=tuple(problems))

    def _standing_plan(self, entry: Entry, model: AIModel, listed: UpstreamModel | None) -> EntryPlan:
        follows = listed is not None and listed.sets_price_of(model)
        steps = tuple(
            self._step(entry, spot, model=model, listed=listed, follows=follows) for spot in entry.prices
        )
        return EntryPlan(
            entry,
            model,
            listed,
            steps,
            details=_details(entry, listed, follows=follows) if listed is not None else {},
            obsolete=tuple(self._obsolete(model, steps)),
            left=tuple(self._left(entry, model)),
            problems=tuple(_free(entry, [step.spot for step in steps if step.before is None])),
        )

    def _step(
        self, entry: Entry, spot: Spot, *, model: AIModel, listed: UpstreamModel | None, follows: bool
    ) -> PriceStep:
        price = entry.prices[spot]
        said = self.standing.said_before(model, listed, spot)
        before = said
        by_hand = self.standing.by_hand(model, spot, follows=follows)
        if before is None and follows and spot != BASE and not by_hand:
            before = self.standing.in_force(model, spot)
        is_retold = said == price and _is_retold(self.standing.rate(model, spot), entry)
        verdict, why = Verdict.SAME, ""
        if said != price:
            verdict = Verdict.NEW if said is None else Verdict.CHANGED
            why = why_held(before, price, most=self.most) if before is not None else ""
        if why:
            verdict = self._held(model, spot, price)
        return PriceStep(spot, before, price, verdict, why, by_hand, is_retold)

    def _held(self, model: AIModel, spot: Spot, price: Price) -> Verdict:
        proposal = self.standing.proposals.get((model.pk, spot))
        if proposal is None or proposal.after != price or proposal.state == State.APPROVED:
            return Verdict.HELD
        return Verdict.WAITING if proposal.state == State.WAITING else Verdict.REJECTED

    def _obsolete(self, model: AIModel, steps: Collection[PriceStep]) -> Iterator[HeldPrice]:
        for step in steps:
            proposal = self.standing.proposals.get((model.pk, step.spot))
            waits = proposal is not None and proposal.state == State.WAITING
            if proposal is not None and waits and step.verdict != Verdict.WAITING:
                yield proposal

    def _left(self, entry: Entry, model: AIModel) -> Iterator[Spot]:
        for place in self.standing.book.rates:
            if place.model == model.pk and place.layer == Layer.UPSTREAM:
                spot = Spot(place.quality, place.with_audio)
                if spot not in entry.prices:
                    yield spot


def _free(entry: Entry, spots: Collection[Spot]) -> Iterator[Problem]:
    for spot in spots:
        if not entry.prices[spot].amount:
            yield Problem(entry.key, spot.words, "A price of 0 is none. Mend it, or leave the entry out.")


def _is_retold(rate: Rate | None, entry: Entry) -> bool:
    """Does the list say something else of a price that stands? Where it was read may differ each time."""
    if rate is None:
        return False
    return rate.note != entry.note or bool(entry.source and rate.source != entry.source)


def _details(entry: Entry, listed: UpstreamModel, *, follows: bool) -> dict[str, tuple[Any, Any]]:
    """What the list says by now beside prices, and whether it sets the model's: column → before, after."""
    said = {
        "follows": follows,
        "source": entry.source,
        "deprecation_date": entry.deprecation_date,
        "notes": list(entry.notes),
    }
    found = {name: (getattr(listed, name), now) for name, now in said.items()}
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}
