"""Generations that nobody made, for development: they look like real ones, and a seed makes them again."""

import math
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import accumulate
from random import Random
from typing import NamedTuple

from models_registry.choices import Status
from models_registry.models import AIModel, QualityTier
from models_registry.usage import sketch
from models_registry.usage.periods import DAY, HOUR, Grain, month_of
from models_registry.usage.reports import COST_DECIMALS, HIGHEST_COST, LONGEST_TIME, Report

PREFIX = "synthetic-"
SECOND = 1_000_000  # microseconds
CREDITS_A_DOLLAR = 66  # as by the default policy
QUEUING = 0.8  # the share that tells how long it queued

# How busy the hours of a day are, in UTC, and the days of a week, from Monday on.
HOURS = (40, 32, 26, 23, 22, 25, 32, 43, 56, 68, 77, 84, 89, 96, 104, 110, 113, 112, 108, 101, 91, 78, 64, 51)
WEEKDAYS = (1.0, 1.06, 1.08, 1.05, 0.97, 0.72, 0.68)
GROWTH = 3  # times as many a day at the end as at the beginning
NOISE = 0.25  # standard deviation of the logarithm of an hour's number

# Why generations fail: code → how often, and how much of the usual time it takes them.
FAILURES = {
    "provider_timeout": (30, 4.0),
    "provider_error": (26, 0.6),
    "content_policy": (24, 0.15),
    "rate_limited": (12, 0.05),
    "": (8, 1.0),  # nobody said
}


@dataclass(frozen=True)
class Plan:
    """How many generations, in the time before `until`."""

    seed: int
    generations: int
    days: int
    until: datetime

    @property
    def prefix(self) -> str:
        return f"{PREFIX}{self.seed}-"

    @property
    def start(self) -> datetime:
        return self.until - self.days * DAY

    def months(self) -> Iterator[datetime]:
        """When those begin that the plan touches."""
        month = month_of(self.start)
        while month < self.until:
            yield month
            month = Grain.MONTH.after(month)

    def random(self, *of: object) -> Random:
        """The same randomness for the same thing, whatever else was made before."""
        return Random(":".join(map(str, (self.seed, *of))))  # noqa: S311 - it guards nothing


class Kind(NamedTuple):
    """The generations of one model in one quality and duration."""

    model: int
    quality: str
    duration: int
    mean: float  # of the logarithm of the seconds it takes
    spread: float
    failing: float  # the share of failures
    queue: float  # seconds, on average
    nanodollars: int
    credits: int


@dataclass(frozen=True)
class Offer:
    """What one model offers, and how its share of all generations changes: by this power of what is left."""

    kinds: Sequence[Kind]
    weights: Sequence[float]
    share: float
    fading: int

    def share_at(self, progress: float) -> float:
        return self.share * (1 - progress) ** self.fading


def generations(plan: Plan) -> Iterator[Report]:
    """In the order of their hours. There has to be a model."""
    offers = _offers(plan)
    number = 0
    for start, count in _hours(plan):
        random = plan.random(start.isoformat())
        progress = 1 - (plan.until - start) / (plan.days * DAY)
        for kind in _kinds(offers, random, count=count, progress=progress):
            number += 1
            yield _report(f"{plan.prefix}{number}", kind, random, start=start)


# --- When ------------------------------------------------------------------------------------------------


def _hours(plan: Plan) -> Iterator[tuple[datetime, int]]:
    """Each hour, and how many generations finish in it; together exactly as many as planned."""
    starts = [plan.start + number * HOUR for number in range(plan.days * 24)]
    random = plan.random("hours")
    weights = [
        _busyness(start) * (1 + (GROWTH - 1) * index / len(starts)) * random.lognormvariate(0, NOISE)
        for index, start in enumerate(starts)
    ]
    total, done = sum(weights), 0
    for start, passed in zip(starts, accumulate(weights), strict=True):
        end = round(plan.generations * passed / total)
        yield start, end - done
        done = end


def _busyness(start: datetime) -> float:
    return HOURS[start.hour] * WEEKDAYS[start.weekday()]


# --- Of what ---------------------------------------------------------------------------------------------


def _offers(plan: Plan) -> list[Offer]:
    """Some models are much more in demand than others; retired ones were so until now."""
    tiers = {tier.key: tier for tier in QualityTier.objects.all()}
    models = list(AIModel.objects.order_by("model_id"))
    plan.random("models").shuffle(models)
    return [_offer(model, tiers, plan, rank=rank) for rank, model in enumerate(models, start=1)]


def _offer(model: AIModel, tiers: dict[str, QualityTier], plan: Plan, *, rank: int) -> Offer:
    random = plan.random("model", model.model_id)
    startup, pace = random.uniform(5, 30), random.uniform(2, 12)  # seconds; seconds a second of video
    spread, failing, queue = random.uniform(0.25, 0.6), random.uniform(0.02, 0.06), random.uniform(1, 15)
    kinds, weights = [], []
    for place, quality in enumerate(model.supported_qualities):
        for choice, duration in enumerate(model.supported_durations):
            mean = math.log(startup + pace * duration * (1 + place / 2))
            cost = model.cost_per_second * tiers[quality].cost_multiplier * duration
            dollars = min(cost, Decimal(HIGHEST_COST))
            nanodollars = int(dollars.scaleb(COST_DECIMALS).to_integral_value(ROUND_CEILING))
            credits = int((dollars * CREDITS_A_DOLLAR).to_integral_value(ROUND_CEILING))
            kinds.append(
                Kind(model.pk, quality, duration, mean, spread, failing, queue, nanodollars, credits)
            )
            weights.append(random.uniform(0.5, 1) / (1 + place) ** 2 / (1 + choice) ** 2)
    fading = 2 if model.status == Status.RETIRED else 0
    return Offer(kinds, weights, share=rank**-0.8, fading=fading)


def _kinds(offers: Sequence[Offer], random: Random, *, count: int, progress: float) -> list[Kind]:
    kinds = [kind for offer in offers for kind in offer.kinds]
    weights = [weight * offer.share_at(progress) for offer in offers for weight in offer.weights]
    return random.choices(kinds, weights, k=count)


# --- One -------------------------------------------------------------------------------------------------


def _report(generation_id: str, kind: Kind, random: Random, *, start: datetime) -> Report:
    success = random.random() >= kind.failing
    code, factor = ("", 1.0) if success else _failure(random)
    took = min(random.lognormvariate(kind.mean, kind.spread) * factor, LONGEST_TIME)
    microseconds = int(took * SECOND)
    queued = random.random() < QUEUING
    return Report(
        generation_id=generation_id,
        model=kind.model,
        success=success,
        microseconds=microseconds,
        duration=kind.duration,
        quality=kind.quality,
        queue_microseconds=int(random.expovariate(1 / kind.queue) * SECOND) if queued else None,
        error_code=code,
        cost_nanodollars=kind.nanodollars if success else None,
        credits=kind.credits if success else None,
        finished_at=start + timedelta(milliseconds=int(random.random() * 3_600_000)),
        said_when=True,
        bucket=sketch.bucket_of(microseconds),
    )


CODES = tuple(FAILURES)
CODE_WEIGHTS = tuple(accumulate(weight for weight, _ in FAILURES.values()))


def _failure(random: Random) -> tuple[str, float]:
    code = CODES[bisect(CODE_WEIGHTS, random.random() * CODE_WEIGHTS[-1])]
    return code, FAILURES[code][1]
