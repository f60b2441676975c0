"""The two groups that come with the system; once they stand, they are their admins' to change."""

from collections.abc import Mapping

from django.contrib.auth.models import Group, Permission

from models_registry.transactions import same_again

Rights = Mapping[str, tuple[str, ...]]  # app and model → what may be done to it

GROUPS: Mapping[str, Rights] = {
    "Model admins": {
        "models_registry.aimodel": ("view", "add", "change"),
        "models_registry.qualitytier": ("view", "add", "change", "delete"),
        "pricing.rate": ("view", "add", "change", "delete"),
        "pricing.pricingpolicy": ("view", "add", "change"),
        "audit.auditentry": ("view",),
    },
    # Without the audit trail: it tells of people, their addresses and their failed sign-ins.
    "Model viewers": {
        "models_registry.aimodel": ("view",),
        "models_registry.qualitytier": ("view",),
        "pricing.rate": ("view",),
        "pricing.pricingpolicy": ("view",),
    },
}


@same_again
def plant_groups() -> list[str]:
    """Make those that are missing, and tell which; of two callers at once, the second finds them standing."""
    return [name for name, rights in GROUPS.items() if _plant(name, rights)]


def _plant(name: str, rights: Rights) -> bool:
    group, is_new = Group.objects.get_or_create(name=name)
    if is_new:
        group.permissions.set(_permission(row, deed) for row, deeds in rights.items() for deed in deeds)
    return is_new


def _permission(row: str, deed: str) -> Permission:
    app, model = row.split(".")
    return Permission.objects.get(codename=f"{deed}_{model}", content_type__app_label=app)
