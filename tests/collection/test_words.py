"""Words as people type them."""

from pathlib import Path

import pytest

from hashing.collection import Collection
from hashing.collection.words import _edits, understand
from tests.gallery import make_gallery, with_model


def test_words_that_spell_a_value_ask_for_it(art: Collection) -> None:
    found = understand(art.opened, "red SCHOOL study painter a")
    assert found.values == (("style", "Red School"), ("artist", "Painter A"))
    assert (found.text, found.corrections) == ("study", ())
    assert "<td>artist</td><td>Painter A</td>" in found._repr_html_()
    ids = art.ids(where=found.where(), text=found.text).tolist()
    assert ids
    assert {art.item(i).fields["style"] for i in ids} == {"Red School"}
    assert {art.item(i).fields["artist"] for i in ids} == {"Painter A"}


@pytest.mark.parametrize(
    ("typed", "text", "values"),
    [
        ("stdy 7", "study 7", ()),
        ("studdy", "study", ()),
        ("sutdy copy", "study copy", ()),
        ("gren school", "", (("style", "Green School"),)),
        ("study", "study", ()),
        ("stu", "stu", ()),  # short, and a beginning
        ("zzzz", "zzzz", ()),
    ],
)
def test_typing_errors_are_forgiven(
    art: Collection, typed: str, text: str, values: tuple[tuple[str, str], ...]
) -> None:
    found = understand(art.opened, typed)
    assert (found.text, found.values) == (text, values)
    assert bool(found.corrections) == (typed.split()[0] not in ("study", "stu", "zzzz"))


def test_every_single_error_is_tried() -> None:
    near = set(_edits("sea", "abcdefghijklmnopqrstuvwxyz"))
    assert {"ea", "sa", "se", "esa", "sae", "tea", "seat", "asea", "sela", "sec"} <= near
    assert "seats" not in near


def test_the_words_are_those_of_the_collection_now(tmp_path: Path) -> None:
    with with_model(make_gallery(tmp_path)) as art:
        assert understand(art.opened, "umbrela").corrections == ()
        art.describe(3, {"title": "An umbrella"})
        assert understand(art.opened, "umbrela").corrections == (("umbrela", "umbrella"),)
