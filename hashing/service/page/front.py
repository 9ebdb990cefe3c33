"""What a browser gets at `/`: Gradio's document with our parts around it, and the wall in it.

The first pictures stand in the document itself, so that they hang before any script has arrived;
Gradio's own files wait in a template until the page asks for them (`controls.js`). Links that are
shared are announced by what they show: title, sentence and picture.
"""

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hashing.collection import Collection
from hashing.collection.pictures import PREVIEW_SIDE
from hashing.errors import ArtHashError
from hashing.service import views
from hashing.service.context import state_of
from hashing.service.current import Current
from hashing.service.replies import headers_of
from hashing.service.schemas import Page, Work

FILES = Path(__file__).parent
STYLES = Markup(
    "\n".join(
        (FILES / "styles" / f"{name}.css").read_text(encoding="utf-8")
        for name in ("gradio", "base", "wall", "detail", "screen", "map")
    )
)
"""In the document, too: a style sheet of its own would come before any picture."""
SCRIPTS = sorted(file.relative_to(FILES).as_posix() for file in FILES.rglob("*.js"))
LANGUAGES = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((FILES / "languages").glob("*.json"))
}
OWN = "en"
"""The language of those whose own we do not speak."""

FIRST = 48
"""Works of the first wall, as many as `answers.js` asks for."""
AT_ONCE = 12
"""Of these the ones that stand in the document."""
SHARED_SIDE = 1200
"""Pixels of the picture that a shared link is announced by."""

PREVIEWS = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*')
LATER = re.compile(
    r"<script>\s*\(\(\) => \{.*?</script>"  # a resizer of frames, in which we never are
    r'|<script type="module"[^>]*></script>'
    r'|<link rel="stylesheet" crossorigin[^>]*>',
    re.DOTALL,
)
GRADIO = re.compile(r"<gradio-app.*?</gradio-app>", re.DOTALL)

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")

KEPT = 32
"""Pages that are kept as they were sent."""

Packed = tuple[bytes, list[tuple[bytes, bytes]]]
"""A body and its headers."""

_templates = Environment(loader=FileSystemLoader(FILES / "templates"), autoescape=True)


class Front:
    """ASGI layer that completes Gradio's document at `/`."""

    def __init__(self, app: ASGIApp, current: Current, public: str = "") -> None:
        self.app, self.current, self.public = app, current, public
        self._kept: dict[tuple[object, ...], Packed] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; complete what comes back from `/`."""
        root = scope.get("root_path", "")
        if scope["type"] != "http" or scope["path"].removeprefix(root) != "/":
            return await self.app(scope, receive, send)
        messages: list[Message] = []

        async def gather(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, gather)
        start = next(m for m in messages if m["type"] == "http.response.start")
        body = b"".join(m["body"] for m in messages if m["type"] == "http.response.body")
        if start["status"] == 200:
            asked = Asked(scope, self.public)
            body, headers = await run_in_threadpool(self._completed, body.decode(), asked)
            start = {**start, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})
        return None

    def _completed(self, document: str, asked: "Asked") -> Packed:
        """The page; kept for whoever asks the same while the collection stays as it is."""
        try:
            with self.current.reading() as collection:
                info = collection.info
                key = (document, *asked.key, info.uuid, info.generation)
                packed = self._kept.get(key)
                if packed is None:
                    packed = asked.packed(complete(document, asked, collection))
                    self._kept[key] = packed
                    for oldest in list(self._kept)[:-KEPT]:
                        self._kept.pop(oldest, None)
                return packed
        except ArtHashError:  # no pictures while there is no collection
            return asked.packed(complete(document, asked, None))


class Asked:
    """What a browser asks for: which address, in which language, packed or not."""

    def __init__(self, scope: Scope, public: str = "") -> None:
        headers = headers_of(scope)
        self.query = scope["query_string"].decode("latin-1")
        self.values = {name: found[-1] for name, found in parse_qs(self.query).items()}
        known = urlsplit(public or f"{scope['scheme']}://{headers.get('host', '')}")
        self.server = f"{known.scheme}://{known.netloc}"
        self.takes_gzip = "gzip" in headers.get("accept-encoding", "")
        wanted = re.findall(r"(?:^|,)\s*([a-z]+)", headers.get("accept-language", "").lower())
        self.language = next((code for code in wanted if code in LANGUAGES), OWN)

    @property
    def words(self) -> Mapping[str, str]:
        """What the page says in this language."""
        return LANGUAGES[self.language]  # type: ignore[no-any-return]

    @property
    def key(self) -> tuple[object, ...]:
        """All of it."""
        return self.query, self.server, self.language, self.takes_gzip

    def number(self, name: str) -> int | None:
        """A parameter that is a whole number, None for anything else."""
        text = self.values.get(name, "")
        return int(text) if re.fullmatch(r"\d{1,18}", text) else None

    def packed(self, text: str) -> Packed:
        """A document's bytes and headers."""
        body = text.encode()
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"no-cache"),
            (b"vary", b"accept-encoding, accept-language"),
        ]
        if self.takes_gzip:
            body = gzip.compress(body, 5)
            headers.append((b"content-encoding", b"gzip"))
        return body, [*headers, (b"content-length", b"%d" % len(body))]


def complete(document: str, asked: Asked, collection: Collection | None) -> str:
    """Gradio's document with ours around it."""
    if collection is None:
        page, known = None, {"title": "ArtHash", "description": asked.words["first"], "picture": ""}
    else:
        page = first_page(collection, asked)
        known = {**preview(collection, asked), "count": _count(asked, len(collection))}
    data: dict[str, Any] = {"language": asked.language, "words": asked.words}
    if collection is not None:
        data["index"] = state_of(collection)["arthash-index"]
    if page is not None:
        data |= {"search": asked.query and f"?{asked.query}", "page": page.model_dump(mode="json")}
    values = {
        **known,
        "words": asked.words,
        "styles": STYLES,
        "scripts": SCRIPTS,
        "works": [] if page is None else labels(page.works[:AT_ONCE], asked.words),
        # Nothing in it may end the element that it stands in.
        "first": Markup(json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")),
    }
    head, before, after = (
        _templates.get_template(f"{name}.html").render(values)
        for name in ("head", "before", "after")
    )
    later = "".join(LATER.findall(document))
    document = LATER.sub("", PREVIEWS.sub("", document))
    document = document.replace('lang="en"', f'lang="{asked.language}"', 1)
    # The title is ours: it follows what hangs.
    document = document.replace('control_page_title="true"', 'control_page_title="false"', 1)
    document = document.replace(
        "</head>", f'{head}<template id="gradio">{later}</template></head>', 1
    )
    return GRADIO.sub(lambda gradio: before + gradio[0] + after, document, count=1)


def first_page(collection: Collection, asked: Asked) -> Page | None:
    """The wall of a random hang; None where the address asks for something else."""
    if set(asked.values) - {"seed", "open", "panel"}:
        return None
    found = collection.page(seed=asked.number("seed") or 0, limit=FIRST)
    return views.page(collection, found.total, found.ids)


def preview(collection: Collection, asked: Asked) -> dict[str, str]:
    """Title, sentence and picture of what a link shows."""
    words = asked.words
    item_id = next((i for i in map(asked.number, ("open", "work")) if i is not None), None)
    if item_id is not None:
        try:
            work = views.work(collection, collection.item(item_id))
        except ArtHashError:
            pass
        else:
            (label,) = labels([work], words)
            alike = "open" not in asked.values
            title = label["named"]
            if alike:
                title = words["title.work"].format(title=isolated(title))
            about = " · ".join(filter(None, [label["maker"], work.group])) or words["first"]
            picture = f"{asked.server}{work.picture}&size={SHARED_SIDE}"
            return {"title": f"{title} · ArtHash", "description": about, "picture": picture}
    title = "ArtHash"
    if text := asked.values.get("q", ""):
        title = f"{words['title.words'].format(words=text)} · ArtHash"
    elif "like" in asked.values:
        title = f"{words['title.taste']} · ArtHash"
    first = collection.page(seed=asked.number("seed") or 0, limit=1).ids.tolist()
    pictures = f"{asked.server}{collection.served_at}/pictures"
    picture = f"{pictures}/{first[0]}?size={SHARED_SIDE}" if first else ""
    return {"title": title, "description": words["first"], "picture": picture}


def labels(works: Sequence[Work], words: Mapping[str, str]) -> list[dict[str, Any]]:
    """Works as `card.js` labels them."""
    return [
        {
            **work.model_dump(),
            "named": named(work, words),
            "shape": shape(work),
            # relative, as in `works.js`
            "src": "".join(work.picture.partition("pictures/")[1:]),
            "maker": _joined(work.creator, work.year),
            "spoken": _joined(named(work, words), work.creator, work.year),
        }
        for work in works
    ]


def named(work: Work, words: Mapping[str, str]) -> str:
    """A work's title; one of which nothing is known goes by its file's name, as in `works.js`."""
    if work.title:
        return work.title
    return words["untitled"] if work.creator else re.sub(r"\.\w+$", "", work.file.split("/")[-1])


def shape(work: Work) -> str:
    """Its shape as a style, as in `works.js`."""
    known = max(work.width, work.height) > 1
    width, height = (work.width, work.height) if known else (PREVIEW_SIDE, PREVIEW_SIDE)
    return f"--ratio: {width / height}; --widest: {2 * width}px"


def isolated(text: str) -> str:
    """What others wrote, within a line of ours, as in `words.js`."""
    return f"\u2068{text}\u2069" if RIGHT_TO_LEFT.search(text) else text


def _joined(*parts: object) -> str:
    return ", ".join(isolated(str(part)) for part in parts if part)


def _count(asked: Asked, count: int) -> str:
    key = "count.one" if count == 1 else "count"
    separator = "." if asked.language == "de" else ","
    return asked.words[key].format(n=f"{count:,}".replace(",", separator))
