"""Users and groups: Django's pages, behind the same guards as ours."""

from django.contrib import admin
from django.contrib.auth import admin as auth
from django.contrib.auth.models import Group, User

from models_registry.admin.guards import GuardedAdmin

admin.site.unregister([User, Group])


@admin.register(User)
class UserAdmin(GuardedAdmin, auth.UserAdmin):
    filter_lookups = (
        "is_staff__exact",
        "is_superuser__exact",
        "is_active__exact",
        "groups__id__exact",
        "groups__isnull",
    )


@admin.register(Group)
class GroupAdmin(GuardedAdmin, auth.GroupAdmin):
    pass
