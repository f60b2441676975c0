from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.module_loading import import_string

from models_registry.transactions import same_again

LAST_LOGIN = "update_last_login"  # by which Django has registered it


class AccessConfig(AppConfig):
    name = "videoai.access"
    label = "access"
    verbose_name = "Access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Django writes down when somebody signed in; let that begin anew, too, if it breaks.

        Of one name the first that is connected stays, so it does not matter who comes first.
        """
        user_logged_in.disconnect(dispatch_uid=LAST_LOGIN)
        update = import_string("django.contrib.auth.models.update_last_login")
        user_logged_in.connect(same_again(update), dispatch_uid=LAST_LOGIN, weak=False)
