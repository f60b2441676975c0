"""List and detail as FastAPI with SQLAlchemy would answer them, from our tables and in our words."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel, ConfigDict, PlainSerializer
from sqlalchemy import Select, create_engine, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

ADDRESS = os.environ["DATABASE_URL"].replace("postgres://", "postgresql+psycopg://", 1)
MOST = 200  # models of a page

engine = create_engine(ADDRESS)
sessions = sessionmaker(engine, expire_on_commit=False)
application = FastAPI()


class Base(DeclarativeBase):
    pass


class AIModel(Base):
    __tablename__ = "models"

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    version: Mapped[str]
    provider: Mapped[str]
    category: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(JSONB)
    cost_per_second: Mapped[Decimal]
    supported_durations: Mapped[list[int]] = mapped_column(JSONB)
    supported_qualities: Mapped[list[str]] = mapped_column(JSONB)
    max_duration: Mapped[int | None]
    fixed_duration: Mapped[int | None]
    is_active: Mapped[bool]
    is_premium: Mapped[bool]
    is_default: Mapped[bool]
    is_deprecated: Mapped[bool]
    replicate_model_id: Mapped[str]
    model_parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    requirements: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deprecated_at: Mapped[datetime | None]

    @property
    def status(self) -> str:
        if self.is_active:
            return "deprecated" if self.is_deprecated else "active"
        return "retired" if self.is_deprecated else "draft"


def in_utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


Money = Annotated[Decimal, PlainSerializer(lambda value: f"{value.normalize():f}")]
Time = Annotated[datetime, PlainSerializer(in_utc)]


class Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True, protected_namespaces=())

    model_id: str
    name: str
    description: str
    version: str
    provider: str
    category: str | None
    tags: list[str]
    cost_per_second: Money
    supported_durations: list[int]
    supported_qualities: list[str]
    max_duration: int | None
    fixed_duration: int | None
    is_active: bool
    is_premium: bool
    is_default: bool
    is_deprecated: bool
    status: str
    replicate_model_id: str
    model_parameters: dict[str, Any]
    requirements: dict[str, Any]
    created_at: Time
    updated_at: Time
    deprecated_at: Time | None


class Page(BaseModel):
    count: int
    next: str | None
    previous: str | None
    results: list[Shown]


def session() -> Iterator[Session]:
    with sessions() as opened:
        yield opened


Opened = Annotated[Session, Depends(session)]


def active() -> Select[tuple[AIModel]]:
    return select(AIModel).where(AIModel.is_active, ~AIModel.is_deprecated)


@application.get("/ready")
def ready() -> str:
    return "ok"


@application.get("/api/v1/models/")
def models(
    opened: Opened,
    page: Annotated[int, Query(ge=1)] = 1,
    page_size: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> Page:
    count = opened.scalar(select(func.count()).select_from(active().subquery())) or 0
    ordered = active().order_by(AIModel.name, AIModel.model_id)
    found = opened.scalars(ordered.limit(page_size).offset((page - 1) * page_size))
    return Page(
        count=count,
        next=f"/api/v1/models/?page={page + 1}" if page * page_size < count else None,
        previous=f"/api/v1/models/?page={page - 1}" if page > 1 else None,
        results=[Shown.model_validate(one) for one in found],
    )


@application.get("/api/v1/models/{model_id:path}/")
def model(model_id: str, opened: Opened) -> Shown:
    wanted = select(AIModel).where(func.lower(AIModel.model_id) == model_id.lower(), AIModel.is_active)
    found = opened.scalars(wanted.where(AIModel.model_id == model_id)).first()
    if found is None:
        raise HTTPException(404)
    return Shown.model_validate(found)
