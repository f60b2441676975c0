import json

import pytest
from rest_framework.renderers import JSONRenderer

from videoai.edge.ready.addresses import Kind
from videoai.edge.ready.pages import parts, replaced

ODD = [
    'Say "results":[ and ]}',
    "Line\u2028and paragraph\u2029",
    "🎬 Ünï",
    "</script>\\",
    "\u0001\u007f",
    "",
    "é" * 200,
]


def render(value):
    return JSONRenderer().render(value)


def page_of(models, link="/api/v1/models/?page=2&search=%22results%22%3A%5B"):
    return render({"count": 99, "next": link, "previous": None, "results": models})


@pytest.mark.parametrize("text", ODD)
def test_a_list_is_put_together_again_from_its_parts(text):
    models = [{"model_id": f"a/{n}", "name": text, "model_parameters": {text: [1.5, None]}} for n in range(3)]
    body = page_of(models)

    found = parts(Kind.LIST, body)

    assert found == {model["model_id"]: render(model) for model in models}
    assert replaced(Kind.LIST, body, found.values()) == body


def test_other_contents_leave_head_and_order():
    body = page_of([{"model_id": "a/1"}, {"model_id": "a/2"}])

    mended = replaced(
        Kind.LIST, body, [b'{"model_id":"a/1","name":"\\"results\\":["}', b'{"model_id":"a/2"}']
    )

    assert json.loads(mended)["count"] == 99
    assert [model["model_id"] for model in json.loads(mended)["results"]] == ["a/1", "a/2"]


def test_an_empty_list_has_no_parts():
    assert parts(Kind.LIST, page_of([])) == {}


def test_what_can_not_be_put_together_again_is_not_taken_apart():
    assert parts(Kind.LIST, b'{"count": 1, "results": [{"model_id": "a"}]}') == {}


def test_the_default_is_its_only_part():
    body = render({"model_id": "a/1", "name": ODD[0]})

    assert parts(Kind.DEFAULT, body) == {"a/1": body}
