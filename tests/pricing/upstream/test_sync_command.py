"""`manage.py sync_prices`: what it tells, and when it fails."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from models_registry import services as catalogue
from models_registry.audit.models import AuditEntry
from models_registry.choices import Status
from models_registry.models import AIModel
from pricing.models import Layer, Rate, UpstreamModel
from pricing.upstream.models import HeldPrice
from tests.exchange.files import complete_row, file_of
from tests.factories import rate
from tests.pricing.upstream.lists import KEY, as_bytes, entry, everything, map_of, model
from videoai.management.commands import sync_prices

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tiers")]


class Sync:
    """Runs `sync_prices` on a file and keeps what it says."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "prices.json"
        self.out, self.err = io.StringIO(), io.StringIO()

    def __call__(self, content: bytes, **options: Any) -> list[str]:
        self.path.write_bytes(content)
        return self.of(str(self.path), **options)

    def of(self, place: str, **options: Any) -> list[str]:
        self.out.seek(0)
        self.out.truncate()
        options = {"format": "litellm", **options}
        call_command("sync_prices", place, stdout=self.out, stderr=self.err, **options)
        return self.out.getvalue().splitlines()


@pytest.fixture
def run(tmp_path: Path) -> Sync:
    return Sync(tmp_path)


def test_new_models_are_told(run: Sync) -> None:
    content = as_bytes(
        {
            KEY: entry(output_cost_per_second_4k=0.6, deprecation_date="2026-09-24"),
            "a": {"mode": "chat"},
            "b": {"mode": "embedding"},
            "c": {"mode": "chat"},
        }
    )
    assert run(content) == [
        f"+ {KEY}  new draft: 0.1 a second, with 4k, until 2026-09-24",
        "1 new, 0 changed, 0 unchanged. 3 entries of other kinds skipped (chat 2, embedding 1).",
    ]


def test_each_price_of_new_models_is_told_if_wanted(run: Sync) -> None:
    assert run(map_of(metadata={"comment": "At 720p."}), verbose_diff=True)[:-1] == [
        f"+ {KEY}  new draft: 0.1 a second",
        "    base price: 0.1",
        "    note: At 720p.",
    ]


def test_what_changes_is_held_covered_and_gone_is_told(run: Sync) -> None:
    run(
        as_bytes(
            {KEY: entry(output_cost_per_second_720p=0.2, output_cost_per_second_4k=0.6), "acme/b": entry()}
        )
    )
    rate(model(), "4k", "0.5")

    assert run(map_of(output_cost_per_second=0.12, output_cost_per_second_4k=6)) == [
        f"~ {KEY}  base price: 0.1 → 0.12",
        f"! {KEY}  4k: 0.6 → 6  held: It moves 10×, more than 3×.",
        f"= {KEY}  4k: 6, covered by hand with 0.5",
        f"- {KEY}  720p no longer in the list; its price stays",
        "- acme/b  no longer in the list; it stays as it is",
        "0 new, 1 changed, 0 unchanged. 1 held price waits for somebody to decide. 1 no longer in the list.",
    ]


def test_a_second_run_says_that_nothing_changes(run: Sync) -> None:
    run(map_of())
    assert run(map_of()) == ["0 new, 0 changed, 1 unchanged."]


def test_what_is_covered_by_hand_is_told_again_only_if_the_list_moves_or_all_is_wanted(run: Sync) -> None:
    run(map_of(output_cost_per_second_4k=0.6))
    rate(model(), "4k", "0.5")
    covered = f"= {KEY}  4k: 0.6, covered by hand with 0.5"

    assert run(map_of(output_cost_per_second_4k=0.6)) == ["0 new, 0 changed, 1 unchanged."]
    assert run(map_of(output_cost_per_second_4k=0.6), verbose_diff=True)[:-1] == [covered]
    assert run(map_of(output_cost_per_second_4k=0.7))[1] == covered.replace("0.6", "0.7")


def test_what_waits_and_is_covered_by_hand_is_told_as_waiting_alone(run: Sync) -> None:
    run(map_of(output_cost_per_second_4k=0.6))
    rate(model(), "4k", "0.5")
    run(map_of(output_cost_per_second_4k=6))

    [waits, _] = run(map_of(output_cost_per_second_4k=6))
    assert waits == f"! {KEY}  4k: 0.6 → 6  held since an earlier sync: It moves 10×, more than 3×."


def test_what_is_on_sale_past_the_day_of_its_list_is_told_each_time(run: Sync) -> None:
    run(map_of())
    catalogue.revise(model(), Status.ACTIVE.flags)
    gone = map_of(deprecation_date="2026-01-02")
    told = f"! {KEY}  gone by its list since 2026-01-02, and still on sale"

    assert run(gone)[1] == told
    assert run(gone)[:-1] == [told]
    assert run(map_of(deprecation_date="2099-01-02"))[1:] == ["0 new, 1 changed, 0 unchanged."]


def test_what_is_off_sale_may_be_gone_by_its_list(run: Sync) -> None:
    run(map_of(deprecation_date="2026-01-02"))
    assert run(map_of(deprecation_date="2026-01-02")) == ["0 new, 0 changed, 1 unchanged."]


def test_a_dry_run_tells_and_writes_nothing(run: Sync) -> None:
    before = everything()
    told = run(map_of(), dry_run=True)
    assert told[-1] == "1 new, 0 changed, 0 unchanged. Dry run: nothing was written."
    assert everything() == before


def test_problems_are_told_by_entry_and_nothing_is_written(run: Sync) -> None:
    before = everything()
    with pytest.raises(CommandError, match=r"Nothing was taken over: 1 problem.*--leave-out"):
        run(as_bytes({"a/good": entry(), KEY: entry(currency="EUR")}))
    assert run.err.getvalue() == f'{KEY}: currency: "EUR" is not read: prices here are in USD.\n'
    assert everything() == before


def test_an_entry_that_is_left_out_stops_nothing_and_has_not_vanished(run: Sync) -> None:
    run(map_of())
    told = run(as_bytes({"a/good": entry(), KEY: entry(currency="EUR")}), leave_out=[KEY])
    assert told[-1] == "1 new, 0 changed, 0 unchanged."


@pytest.mark.parametrize("content", [b"", b"{", map_of()[:-10], b"[]"])
def test_what_is_no_list_is_refused(run: Sync, content: bytes) -> None:
    with pytest.raises(CommandError, match="Nothing was taken over"):
        run(content)


def test_the_trail_says_that_it_was_a_sync_and_why(run: Sync) -> None:
    run(map_of(), reason="New prices in December")
    told = AuditEntry.objects.filter(kind="model").latest("number")
    assert (told.source, told.reason) == ("sync_prices", "New prices in December")


def test_prices_say_the_source_that_was_named_unless_the_entry_names_its_own(run: Sync) -> None:
    run(as_bytes({KEY: entry(source=None, output_cost_per_second_4k=1)}), source="LiteLLM, 1 December")
    assert Rate.objects.get().source == "LiteLLM, 1 December"


def test_an_address_is_fetched(run: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return as_bytes({KEY: entry(source=None, output_cost_per_second_4k=1)})

    monkeypatch.setattr(sync_prices, "fetch", fetch)
    run.of("https://a.test/prices.json?key=secret")
    assert asked == ["https://a.test/prices.json?key=secret"]
    assert Rate.objects.get().source == "https://a.test/prices.json"


def test_an_address_inside_is_refused(run: Sync) -> None:
    with pytest.raises(CommandError, match="no address of the public internet"):
        run.of("https://127.0.0.1/prices.json")


# --- Our own format --------------------------------------------------------------------------------------


def test_our_own_file_is_a_list_like_any_other(run: Sync) -> None:
    row = complete_row(KEY, supported_qualities=["standard", "4k"], rates={"4k": "0.6"}, is_active=True)
    run(file_of(row), format="videoai")
    found = AIModel.objects.get()
    assert (found.name, found.supported_durations, found.status) == ("Acme/Clip-1", [5, 9], "draft")
    assert [(one.layer, str(one.quality_id)) for one in Rate.objects.all()] == [(Layer.UPSTREAM, "4k")]
    assert UpstreamModel.objects.get().list_name == "videoai"


def test_our_own_file_prices_by_sound_and_unit(run: Sync) -> None:
    clip = {"amount": "2", "unit": "clip"}
    rates = {"4k": "0.6", "*+audio": "0.2", "4k+audio": clip, "standard-audio": clip, "standard+audio": clip}
    content = file_of(complete_row(KEY, rates=rates))
    run(content, format="videoai")
    assert {rate.audit_name: rate.words for rate in Rate.objects.all()} == {
        "upstream.4k": "0.6",
        "upstream.*+audio": "0.2",
        "upstream.4k+audio": "2 per clip",
        "upstream.standard-audio": "2 per clip",
        "upstream.standard+audio": "2 per clip",
    }
    before = everything()
    assert run(content, format="videoai")[-1] == "0 new, 0 changed, 1 unchanged."
    assert everything() == before


def test_another_unit_in_our_own_file_is_held(run: Sync) -> None:
    run(file_of(complete_row(KEY, rates={"4k": "0.6"})), format="videoai")
    run(file_of(complete_row(KEY, rates={"4k": {"amount": "0.6", "unit": "clip"}})), format="videoai")
    assert HeldPrice.objects.get().after.unit == "clip"
    assert Rate.objects.get().unit == "second"


def test_of_a_model_that_stands_our_own_file_changes_prices_alone(run: Sync) -> None:
    run(file_of(complete_row(KEY, name="Theirs")), format="videoai")
    catalogue.revise(model(), {"name": "Mine"})

    told = run(file_of(complete_row(KEY, name="Theirs", cost_per_second="0.2")), format="videoai")

    assert told[-1] == "0 new, 1 changed, 0 unchanged."
    assert model().name == "Mine"
    assert str(model().cost_per_second) == "0.200000000"


def test_our_own_file_is_guarded_as_well(run: Sync) -> None:
    run(file_of(complete_row(KEY)), format="videoai")
    run(file_of(complete_row(KEY, cost_per_second="18")), format="videoai")
    assert HeldPrice.objects.get().why == "It moves 100×, more than 3×."


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"currency": "EUR"}, "currency: There is no such field"),
        ({"cost_per_second": -1}, "cost_per_second: -1 is below 0."),
        ({"rates": {"999p": "1"}}, 'rates.999p: "999p" is no quality tier.'),
        ({"rates": {"4k": "0.1000000000000001"}}, "rates.4k: 0.1000000000000001 has more than 9 decimals"),
        ({"rates": [1]}, "rates: [1] is no JSON object"),
        ({"cost_per_second": None}, "cost_per_second: null is no decimal number"),
        ({"rates": {"*": "0.1"}}, "rates.*: In a price list cost_per_second is the price for any quality"),
        ({"rates": {"4k": {"amount": -1}}}, "rates.4k.amount: -1 is below 0."),
        ({"rates": {"4k": {"amount": 1, "unit": "frame"}}}, 'rates.4k.unit: "frame" is no unit.'),
        ({"rates": {"4k": {"amount": 1, "note": "x"}}}, "rates.4k.note: A price list says amounts and units"),
        ({"rates": {"4k": {"amount": 1, "minimum_charge": 2}}}, "rates.4k.minimum_charge: A price list says"),
        ({"rates": {"4k": "1", "*+audio": "1"}}, "rates.*+audio: The rates for any quality with sound and"),
    ],
)
def test_what_is_wrong_in_our_own_file_is_named(run: Sync, fields: dict[str, Any], told: str) -> None:
    with pytest.raises(CommandError):
        run(file_of(complete_row(KEY, **fields)), format="videoai")
    assert f"{KEY}: {told}" in run.err.getvalue()
    assert not AIModel.objects.exists()


def test_the_same_id_twice_is_named(run: Sync) -> None:
    with pytest.raises(CommandError):
        run(file_of(complete_row(KEY), complete_row(KEY.upper())), format="videoai")
    assert "model_id: This id stands on line 2 already." in run.err.getvalue()


def test_a_price_of_text_is_read_exactly(run: Sync) -> None:
    content = json.dumps({KEY: {"costPerSecond": 0.75}}).encode()
    run(content, format="videoai")
    assert str(model().cost_per_second) == "0.750000000"
