"""A new draft that begins as a copy of a model."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from models_registry import services
from models_registry.admin.forms import AIModelForm
from models_registry.choices import MODEL_ID_LENGTH, NAME_LENGTH, Status
from models_registry.models import AIModel
from models_registry.values import decimal_text
from pricing import services as pricing
from pricing.models import Rate
from videoai.model_manager.deeds.chosen import Chosen, choose
from videoai.model_manager.deeds.list_action import FORM
from videoai.model_manager.deeds.naming import linked
from videoai.model_manager.deeds.page import DeedPage

OWN = {**Status.DRAFT.flags, "is_default": False, "sunset_at": None, "successor": None}


class DuplicateForm(AIModelForm):
    """The id and the name of the copy; all else is the model's, and checked along with them."""

    change_reason = None  # type: ignore[assignment] # the page has one

    class Meta(AIModelForm.Meta):
        fields = ["model_id", "name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model_id"].widget.attrs["autofocus"] = True

    def copied(self) -> dict[str, Any]:
        """What the copy will hold."""
        return services.state(self.instance) | OWN


class Duplicate(DeedPage):
    name = "duplicate"
    description = "Duplicate…"
    title = "Duplicate a model"
    template = "admin/model_manager/duplicate.html"
    permissions = ("view", "add")  # a copy shows what it was made of
    takes_one = True

    @property
    def urls(self) -> list[URLPattern]:
        """Also at the model's own address, to be linked from its form."""
        view = self.manager.admin_site.admin_view(self.view_of_one)
        own = path("<path:object_id>/duplicate/", view, name=f"{self.url_name()}_one")
        return [*super().urls, own]

    def view_of_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        self.refuse_unpermitted(request)
        model = self.manager.get_object(request, unquote(object_id))
        if model is None:
            raise Http404
        chosen = choose([model])
        return self.page(request, chosen, self.form(None, chosen), back=None)

    def form(self, data: QueryDict | None, chosen: Chosen) -> DuplicateForm:
        (model,) = chosen.models
        copy = AIModel(**{**services.state(model), **OWN})
        initial = {"model_id": free_id(model.model_id), "name": copied_name(model.name)}
        return DuplicateForm(data, instance=copy, initial=initial)

    def preview(self, chosen: Chosen, form: DuplicateForm) -> dict[str, Any]:
        (model,) = chosen.models
        return {
            "model": model,
            "price": decimal_text(model.cost_per_second),
            "rates": [(rate.quality_id, decimal_text(rate.amount)) for rate in rates_of(model)],
            "confirm": "Make the copy",
        }

    def do(self, request: HttpRequest, chosen: Chosen, form: DuplicateForm) -> Sequence[str]:
        (model,) = chosen.models
        copy = services.create(form.copied())
        for rate in rates_of(model):
            pricing.set_rate(copy, quality=rate.plain_quality, cost_per_second=rate.amount)
        self.manager.log_addition(request, copy, f"Duplicated from {model.model_id}.")
        form.instance.pk = copy.pk
        return [format_html("{} is a copy of {}, as a draft.", linked([copy]), linked([model]))]

    def way_on(self, form: DuplicateForm, back: str) -> str:
        return reverse(FORM, args=[form.instance.pk])

    def way_back(self, chosen: Chosen, back: str | None) -> str:
        from_list = back is not None or not chosen.models
        return super().way_back(chosen, back) if from_list else reverse(FORM, args=chosen.keys)


def rates_of(model: AIModel) -> list[Rate]:
    return list(Rate.objects.plain().filter(model=model).order_by("quality__position", "quality"))


def free_id(model_id: str) -> str:
    """An id for a copy that nobody has taken; shortened where it would be too long."""
    return next(each for each in _proposals(model_id) if not _is_taken(each))


def _proposals(model_id: str) -> Iterator[str]:
    for number in count(1):
        ending = "-copy" if number == 1 else f"-copy-{number}"
        yield model_id[: MODEL_ID_LENGTH - len(ending)] + ending


def _is_taken(model_id: str) -> bool:
    return AIModel.objects.filter(model_id__lower=model_id.lower()).exists()


def copied_name(name: str) -> str:
    ending = " (copy)"
    return name[: NAME_LENGTH - len(ending)] + ending
