from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import register

from videoai import replaced_file
from videoai.checks import check_databases
from videoai.observing import queries, repeats


class VideoAIConfig(AppConfig):
    name = "videoai"
    verbose_name = "VideoAI"

    def ready(self) -> None:
        replaced_file.watch()
        queries.watch()
        repeats.watch()
        register(check_databases)


class AdminSiteConfig(AdminConfig):
    """Django's admin, with our site as the one that `admin.site` means."""

    default_site = "videoai.admin_site.ModelManagerSite"
