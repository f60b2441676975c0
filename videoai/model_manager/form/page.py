"""The form of one model."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from models_registry.admin.ai_model import AIModelAdmin, marks_of
from models_registry.audit.models import State
from models_registry.models import AIModel
from models_registry.usage.admin.headline import Card, headline
from models_registry.usage.admin.lately import lately
from models_registry.usage.admin.wording import count_text, seconds_text
from models_registry.usage.recent import LATELY, Use, use_lately
from models_registry.usage.totals import since_ever, with_counters
from videoai.model_manager.form.form import ModelForm
from videoai.model_manager.form.lifecycle import standings
from videoai.model_manager.form.tabs import mistakes_elsewhere, tabs_of
from videoai.model_manager.leaving import reasons, used

ENTRIES = 8  # of the history


class FormPage(AIModelAdmin):
    """The catalogue's form in tabs, with rates, usage and history beside it."""

    form = ModelForm

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.now = timezone.now()
        return form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs["obj"]
        form = context["adminform"].form
        # What was sent and refused stands in `obj` by now.
        stored = AIModel.objects.get(pk=obj.pk) if obj and form.is_bound else obj
        context |= {"title": str(stored), "subtitle": None, "marks": marks_of(stored)} if stored else {}
        context["tabs"] = tabs_of(context["adminform"], more=["Usage", "History"] if obj else [])
        context["mistakes_elsewhere"] = mistakes_elsewhere(form)
        context["standings"] = standings(stored.status if stored else None)
        context["show_save_and_add_another"] = obj is None
        if stored is not None:
            context |= self._of_today(request, stored)
        return super().render_change_form(request, context, *args, **kwargs)

    def _of_today(self, request: HttpRequest, model: AIModel) -> dict[str, Any]:
        now = timezone.now()
        use = use_lately([model], now=now).get(model.pk)
        return {
            "cautions": list(reasons(model, use)) if model.is_active else [],
            "is_used": use is not None,
            "cards": _cards(model, use),
            "picture": lately(AIModel.objects.filter(pk=model.pk), now=now),
            "told": self.told(self.history_of(model).order_by("-number")[:ENTRIES], model),
            "can_restore": self.has_change_permission(request, model),
            "restore_view": f"admin:{self.opts.app_label}_{self.opts.model_name}_restore",
        }

    def cautions_of(self, obj: AIModel, then: State) -> list[str]:
        """Of a state that is not on sale."""
        if not obj.is_active or then.get("is_active", True):
            return []
        use = use_lately([obj], now=timezone.now()).get(obj.pk)
        return [used(use)] if use else []

    # --- Handing over ------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        # The list's rows are saved here, too; they hand the flag over to nobody.
        successor = form.new_default if isinstance(form, ModelForm) else None
        super().save_model(request, obj, form, change)
        if successor is not None:
            self.log_change(request, successor, "Made the default.")
            self.message_user(request, f"{successor} is the default model now.", messages.SUCCESS)


def _cards(model: AIModel, use: Use | None) -> list[Card]:
    """What became of all generations, and of the latest."""
    [total] = since_ever(with_counters(AIModel.objects.filter(pk=model.pk)))
    generations, success, *_ = headline(total.figures)
    average = seconds_text(total.figures.average_time)
    last = f"the last on {use.last}, in UTC" if use else "not used"
    return [
        generations,
        success,
        Card("Average time", average, "of all generations"),
        Card(f"Last {LATELY} days", count_text(use.generations if use else 0), last),
    ]
