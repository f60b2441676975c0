"""The form of one model."""

from typing import Any

from models_registry import services
from models_registry.choices import Status
from models_registry.models import AIModel
from models_registry.usage.recent import use_lately
from videoai.model_manager.leaving import AnswerField, used
from videoai.model_manager.prices.rates import RatesForm
from videoai.model_manager.takeover import TakeoverField, heir_of, successors

ALL_THE_SAME = "Take it off sale all the same"


class ModelForm(RatesForm):
    """All that can be said of a model; asks before one that is used goes off sale."""

    take_off_sale = AnswerField(required=False, label=ALL_THE_SAME)
    takeover = TakeoverField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None or not self.instance.is_active:
            del self.fields["take_off_sale"]
        if self.instance.pk is None or not self.instance.is_default:
            del self.fields["takeover"]
        else:
            field: Any = self.fields["takeover"]
            field.queryset = successors([self.instance])
            field.initial = heir_of([self.instance])
            field.choices = list(iter(field.choices))  # read once, and not counted first

    @property
    def leaves_sale(self) -> bool:
        """It was for sale, and as it was sent it no longer is."""
        return self.is_bound and "take_off_sale" in self.fields and not self.instance.is_active

    @property
    def leaves_default(self) -> bool:
        return self.is_bound and self.instance.is_default and self.instance.status != Status.ACTIVE

    @property
    def new_default(self) -> AIModel | None:
        """Who becomes the default in place of a model that can't stay it."""
        return self.cleaned_data.get("takeover") if self.leaves_default else None

    @property
    def can_hand_over(self) -> bool:
        return len(self.fields["takeover"].choices) > 1  # type: ignore[attr-defined] # beside the blank one

    def revise(self, model: AIModel) -> None:
        if self.new_default is not None:
            services.make_default(self.new_default)
            # That moved the version of `model`, in the same line of writers in which it was compared.
            versions = AIModel.objects.values_list("version_number", flat=True)
            self.cleaned_data["version_number"] = versions.get(pk=model.pk)
        super().revise(model)

    def _check_beside_others(self) -> None:
        if self.new_default is None:
            super()._check_beside_others()

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.leaves_default:
            # The question is hidden, so nobody could put the answer right.
            self.errors.pop("takeover", None)
        if self.leaves_sale and not self.is_stale and not self.cleaned_data.get("take_off_sale"):
            self._ask()

    def _ask(self) -> None:
        use = use_lately([self.instance], now=self.now).get(self.instance.pk)
        if use is not None:
            told = f"{used(use)} If it is to go, tick “{ALL_THE_SAME}” below, and save again."
            self.add_error("is_active", told)
