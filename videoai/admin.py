"""Users and groups: Django's pages, behind the same guards as ours, and no ladder to more rights."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import admin as auth
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from models_registry.admin.guards import GuardedAdmin
from models_registry.whole_pages import WholePages, whole_page

admin.site.unregister([User, Group])

# What would make anybody who may change users everything they like.
RIGHTS_FIELDS = ("is_superuser", "groups", "user_permissions")


@admin.register(User)
class UserAdmin(WholePages, GuardedAdmin, auth.UserAdmin):
    """Superusers give rights. Other staff may look after accounts that have no more rights than their own."""

    filter_lookups = (
        "is_staff__exact",
        "is_superuser__exact",
        "is_active__exact",
        "groups__id__exact",
        "groups__isnull",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = super().get_readonly_fields(request, obj)
        return names if request.user.is_superuser else (*names, *RIGHTS_FIELDS)

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return whole_page(request, super().user_change_password, *args, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Asked for the password's page, too: a new password is a way into the account."""
        return super().has_change_permission(request, obj) and _is_within_reach(obj, request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_within_reach(obj, request.user)


@admin.register(Group)
class GroupAdmin(WholePages, GuardedAdmin, auth.GroupAdmin):
    """Only superusers change groups: anybody else could give all rights to a group that they are in."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser and super().has_delete_permission(request, obj)


def _is_within_reach(account: User | None, of: Any) -> bool:
    """May `of` change `account`? Without an account: may they change some?"""
    if account is None or of.is_superuser:
        return True
    return not account.is_superuser and _rights(account) <= _rights(of)


def _rights(user: User) -> set[int]:
    """The keys of all permissions given to `user`, also while the account is switched off."""
    given = Permission.objects.filter(Q(user=user) | Q(group__user=user))
    return set(given.values_list("pk", flat=True))
