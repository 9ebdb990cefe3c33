"""What the fuzzer cannot read from a schema: filters, boxes, metadata and real pictures."""

import io
import json

import schemathesis
from hypothesis import strategies as st
from PIL import Image

TEXTS = ("title", "artist", "style", "url")
"""Columns of the gallery."""
words = st.text(max_size=20).map(lambda text: text.replace("'", "''").replace("\0", ""))
comparisons = st.one_of(
    st.builds("{} = '{}'".format, st.sampled_from(TEXTS), words),
    st.builds("{} like '%{}%'".format, st.sampled_from(TEXTS), words),
    st.builds("year {} {}".format, st.sampled_from(["<", ">=", "!="]), st.integers(-9999, 9999)),
    st.sampled_from(["title is null", "year is not null", "style in ('Red School', 'none')"]),
)
filters = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner),
    ),
    max_leaves=4,
)
share = st.integers(0, 49).map(lambda number: number / 100)
boxes = st.tuples(share, share).map(lambda at: f"{at[0]},{at[1]},{at[0] + 0.5},{at[1] + 0.5}")
metadata = st.fixed_dictionaries(
    {}, optional={"title": words, "year": st.integers(-9999, 9999)}
).map(json.dumps)


def sheet(kind: str, side: int, colour: tuple[int, ...]) -> bytes:
    """A sheet of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (side, 64), colour).save(buffer, kind)
    return buffer.getvalue()


def pictures(kind: str) -> st.SearchStrategy[bytes]:
    """Sheets of one colour in files of some kind."""
    colours = st.tuples(*[st.integers(0, 255)] * 3)
    return st.builds(sheet, st.just(kind), st.integers(64, 90), colours)


@schemathesis.hook
def before_add_examples(
    context: schemathesis.HookContext, examples: list[schemathesis.Case]
) -> None:
    """A form that is made of examples has none of a picture."""
    for case in examples:
        if isinstance(case.body, dict) and "picture" in case.body:
            case.body["picture"] = sheet("jpeg", 64, (90, 120, 60))


schemathesis.openapi.format("filter", st.one_of(st.just(""), filters))
schemathesis.openapi.format("box", boxes)
schemathesis.openapi.format("fields", metadata)
for kind in ("jpeg", "png", "webp", "gif", "tiff", "avif"):
    made_as = "png" if kind == "avif" else kind  # what it is tells its content, not its name
    schemathesis.openapi.media_type(f"image/{kind}", pictures(made_as))
