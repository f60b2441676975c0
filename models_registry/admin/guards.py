"""What no page of the admin may pass on to a database: keys, lookups and texts that it chokes on."""

import re
from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from models_registry.values import shown

PRIMARY_KEY = re.compile("[0-9]{1,18}")
NUL = "\0"  # PostgreSQL refuses to look for a text with it


class KeysField(forms.ModelMultipleChoiceField):
    """Other rows, by their keys; SQLite can't even look for a very long number."""

    def _check_values(self, value: Any) -> Any:
        for key in value:
            if not PRIMARY_KEY.fullmatch(str(key)):
                raise forms.ValidationError(
                    self.error_messages["invalid_pk_value"], "invalid_pk_value", params={"pk": shown(key)}
                )
        return super()._check_values(value)  # type: ignore[misc]


class LookedAtAdmin(admin.ModelAdmin):
    """Shows rows that something else writes: nobody adds, changes or deletes any here."""

    # Any of these rights lets somebody see them; none named: the one that Django has for the table.
    seen_with: Collection[str] = ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not self.seen_with:
            return super().has_view_permission(request, obj)
        user: Any = request.user
        return any(user.has_perm(right) for right in self.seen_with)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) if self.seen_with else super().has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class GuardedAdmin(admin.ModelAdmin):
    """Answers what no browser sends with 400, or finds nothing, where Django would break down."""

    # What the querystring of the list may filter by: what its filters send. The lookups that Django allows
    # besides let everybody who may see the list send the database patterns and numbers it chokes on.
    filter_lookups: Collection[str] = ()

    primary_key = PRIMARY_KEY

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup in self.filter_lookups and NUL not in str(value)

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        return None if NUL in object_id else super().get_object(request, object_id, from_field)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if NUL in search_term:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        self.refuse_garbled_keys(request.POST.getlist(ACTION_CHECKBOX_NAME))
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def response_action(self, request: HttpRequest, queryset: Any) -> Any:  # type: ignore[override]
        """Say so if all that was ticked has left the list meanwhile; the actions would say nothing."""
        whole_list = request.POST.get("select_across") == "1"
        ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if (queryset if whole_list else queryset.filter(pk__in=ticked)).exists():
            return super().response_action(request, queryset)
        things = self.opts.verbose_name_plural
        told = f"Nothing was changed: the ticked {things} are no longer in this list."
        self.message_user(request, told, messages.WARNING)
        return None

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, form_class=KeysField, **kwargs)

    def _get_edited_object_pks(self, request: HttpRequest, prefix: str) -> list[str]:
        keys: list[str] = super()._get_edited_object_pks(request, prefix)
        self.refuse_garbled_keys(keys)
        return keys

    def refuse_garbled_keys(self, keys: Iterable[str]) -> None:
        """Raise BadRequest for what is no primary key."""
        for key in keys:
            if not self.primary_key.fullmatch(key):
                raise BadRequest(f"{shown(key)} is no primary key")
