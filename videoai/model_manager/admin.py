"""Puts the ModelManager together; Django's autodiscovery imports this."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from models_registry.admin.ai_model import AIModelAdmin
from models_registry.models import AIModel
from videoai.model_manager.deeds.duplicate import Duplicate
from videoai.model_manager.deeds.export import ExportPage
from videoai.model_manager.deeds.list_action import ListAction, action
from videoai.model_manager.deeds.make_default import MakeDefault
from videoai.model_manager.deeds.sale import Activate, Deactivate, Restore, Retire
from videoai.model_manager.form.page import FormPage
from videoai.model_manager.listing.page import ListPage
from videoai.model_manager.margins.page import MarginsPage
from videoai.model_manager.overview.page import Overview
from videoai.model_manager.prices.changes import ChangePrices
from videoai.model_manager.prices.tab import PricingTab
from videoai.model_manager.prices.what_if import PolicyPage, TierPage

__all__ = ["ModelManager", "PolicyPage", "TierPage"]

# What can be done to the models that are ticked in the list, in the order of its menu.
DEEDS: list[type[ListAction]] = [
    *(Activate, Deactivate, Retire, Restore, MakeDefault),
    *(ChangePrices, Duplicate, ExportPage),
]


@admin.register(AIModel)
class ModelManager(Overview, ListPage, FormPage, PricingTab, MarginsPage, AIModelAdmin):
    actions = [action(deed) for deed in DEEDS]

    def get_actions(self, request: HttpRequest) -> Any:
        """Django would ask for one of the rights that an action needs, not for all."""
        permitted = {deed.name for deed in DEEDS if deed.is_permitted(self, request)}
        return {name: entry for name, entry in super().get_actions(request).items() if name in permitted}

    def get_urls(self) -> list[Any]:
        return [*(url for deed in DEEDS for url in deed(self).urls), *super().get_urls()]
