import uuid
from typing import Any

from django.db import models

from pricing.triggers import LISTED, MODEL, POLICY, RATE, TIER


class NotRewritten(Exception):
    """The ledger of prices only ever grows."""

    def __init__(self) -> None:
        super().__init__("What prices were is never rewritten: versions are only ever added.")


class PriceVersionQuerySet(models.QuerySet["PriceVersion"]):
    def update(self, **_: Any) -> int:
        raise NotRewritten

    def delete(self) -> Any:
        raise NotRewritten

    def bulk_update(self, *_: Any, **__: Any) -> int:
        raise NotRewritten


class PriceVersion(models.Model):
    """What a row that prices are made of said from a moment on.

    The database's triggers write them (see `pricing.triggers`), whoever changes the row and however; a change
    that was due earlier than somebody looked gets one more, dated to when it was due. So the latest one up to
    a moment is what counted then; of equal moments, the one that was written last.
    """

    KINDS = [
        (MODEL, "model"),
        (LISTED, "price list entry"),
        (RATE, "rate"),
        (POLICY, "pricing policy"),
        (TIER, "quality tier"),
    ]

    # No number that counts up: rows that `loaddata` brings would meet those that it makes the triggers write.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField(db_index=True, help_text="Counts up; it orders versions of one moment.")
    kind = models.CharField(max_length=8, choices=KINDS)
    row_id = models.BigIntegerField()
    model_row = models.BigIntegerField(null=True, help_text="Primary key of the model that it prices.")
    name = models.CharField(max_length=200, help_text="A model's id, or a tier's key.")
    effective_from = models.DateTimeField()
    state = models.TextField(null=True)  # noqa: DJ001 - null: there is no row any more

    objects = PriceVersionQuerySet.as_manager()

    class Meta:
        db_table = "price_versions"
        indexes = [
            models.Index(
                fields=["kind", "row_id", "-effective_from", "-number"], name="price_versions_latest_of_row"
            ),
            models.Index(fields=["model_row"], name="price_versions_by_model"),
            models.Index(fields=["kind", "name"], name="price_versions_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id} from {self.effective_from}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise NotRewritten
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise NotRewritten
