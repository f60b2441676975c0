"""The number that every catalogue change moves; kept by the triggers of `models_registry.triggers`."""

from django.db import models

from models_registry.querysets import CatalogueRevisionQuerySet


class CatalogueRevision(models.Model):
    """One row. The pair differs from any earlier one after every change.

    `revision` counts the changes; `epoch` names this database, so that a number met again after a restore
    is not taken for the same state.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    epoch = models.CharField(max_length=32)
    revision = models.BigIntegerField(default=0)

    objects = CatalogueRevisionQuerySet.as_manager()

    class Meta:
        db_table = "catalogue_revision"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="catalogue_revision_one_row")]

    def __str__(self) -> str:
        return f"{self.epoch}:{self.revision}"


class CatalogueStamp(models.Model):
    """The revision of the last change that touched one row; a row that was deleted keeps its stamp."""

    pk = models.CompositePrimaryKey("kind", "row_id")
    kind = models.CharField(max_length=40)
    row_id = models.BigIntegerField()
    revision = models.BigIntegerField(db_index=True)

    class Meta:
        db_table = "catalogue_stamps"

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id} at {self.revision}"
