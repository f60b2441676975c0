from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import register

from videoai.checks import check_databases
from videoai.replaced_file import watch


class VideoAIConfig(AppConfig):
    name = "videoai"
    verbose_name = "VideoAI"

    def ready(self) -> None:
        watch()
        register(check_databases)


class AdminSiteConfig(AdminConfig):
    """Django's admin, with our site as the one that `admin.site` means."""

    default_site = "videoai.admin_site.ModelManagerSite"
