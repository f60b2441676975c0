from django.db import models
from django.db.models import Q

from models_registry import choices
from models_registry.audit.audited import AuditedQuerySet
from models_registry.models import AIModel, CatalogueRow


class UpstreamModel(CatalogueRow):
    """What a provider's price list says of one model, beside its rates of the upstream layer.

    The price of a model that a list brought follows it, for as long as it is what the list last set
    (`cost_per_second` here). Any other price was set by hand: it covers the list, and stays when the list
    comes to say the same, until somebody lets it follow again.
    """

    audit_kind = "upstream_model"
    audit_summary = ("list_name", "key", "cost_per_second")

    model = models.OneToOneField(AIModel, models.PROTECT, related_name="+")
    list_name = models.CharField(max_length=40, help_text="Which list, as in litellm.")
    key = models.CharField(max_length=300, help_text="What the list calls the model.")
    cost_per_second = models.DecimalField(
        "$ per second",
        max_digits=choices.COST_DIGITS,
        decimal_places=choices.COST_DECIMALS,
        null=True,
        help_text="The list's own base price, as it was last taken over.",
    )
    follows = models.BooleanField(
        "follows the list",
        default=True,
        db_default=True,
        help_text="False: the model's own price is set by hand, whatever the list says.",
    )
    source = models.CharField(max_length=500, blank=True)
    fetched_at = models.DateTimeField()
    deprecation_date = models.DateField(null=True)
    notes = models.JSONField(default=list, help_text="What the list says that prices here don't.")

    # When the list was last read says nothing new of the model.
    unaudited = CatalogueRow.unaudited | {"fetched_at"}

    objects = AuditedQuerySet["UpstreamModel"].as_manager()

    class Meta:
        db_table = "upstream_models"
        verbose_name = "price list entry"
        verbose_name_plural = "price list entries"
        constraints = [
            models.UniqueConstraint(
                fields=["list_name", "key"],
                name="upstream_models_one_a_key",
                violation_error_message="This entry of the list belongs to another model.",
            ),
            models.CheckConstraint(
                condition=Q(cost_per_second__isnull=True)
                | Q(cost_per_second__gte=choices.LOWEST_COST, cost_per_second__lte=choices.HIGHEST_COST),
                name="upstream_models_cost_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.list_name}: {self.key}"

    def sets_price_of(self, model: AIModel) -> bool:
        """Was the price of `model`, whose entry this is, left to the list, and has nobody changed it since?

        Has to be asked before the list's own price moves: it may come to what somebody has set by hand.
        """
        return self.follows and self.cost_per_second == model.cost_per_second

    def audit_subject(self) -> str:
        return self.model.model_id
