"""What the HTTP API takes and returns, as `/openapi.json` describes it."""

from pydantic import BaseModel, Field

from hashing.sources import Value


class Work(BaseModel):
    """One item: what a label beside its picture tells, and all that is known of it."""

    id: int = Field(
        description="Stays the same as long as the index lives; never reused.", examples=[345]
    )
    title: str | None = Field(
        default=None,
        description="What stands in the column of this role, and so on; see `/api/facets`.",
        examples=["Still Life with Pears"],
    )
    creator: str | None = Field(default=None, examples=["Ada Lund"])
    group: str | None = Field(default=None, examples=["Cubism"])
    year: int | float | str | None = Field(
        default=None, description="As it was written.", examples=[1912]
    )
    link: str | None = Field(default=None, examples=["https://museum.example/345"])
    fields: dict[str, Value] = Field(
        description="All its metadata by column.",
        examples=[{"title": "Still Life with Pears", "year": 1912}],
    )
    file: str = Field(
        description="Its file among the indexed pictures.", examples=["images/00345.jpg"]
    )
    content: str = Field(
        description="The SHA-256 of that file, 12 digits of it: tells works of one name apart.",
        examples=["9f86d081884c"],
    )
    picture: str = Field(
        description="Address of its preview, relative to the server.",
        examples=["/pictures/345?v=0f9a1c2e"],
    )
    width: int = Field(description="Pixels of the preview.", examples=[512])
    height: int = Field(description="Pixels of the preview.", examples=[384])


class Result(Work):
    """One work of an answer."""

    rank: int = Field(description="1 for the first.", examples=[1])
    distance: int = Field(
        description="Bits that differ from the query (or the nearest like).", examples=[6]
    )
    measured: float | None = Field(
        default=None,
        description="The distance that `by` asked for, where that is not of codes.",
        examples=[0.31],
    )
    similarity: float = Field(
        description="1 where nothing tells them apart: the share of equal bits, the cosine, or "
        "1 / (1 + distance).",
        examples=[0.91],
    )
    closeness: str | None = Field(
        description="The distance in words, `distant` beyond the last; null where none is "
        "promised. See `/api/facets`.",
        examples=["very close"],
    )
    copies: list[int] = Field(
        description="Ids of near-duplicates folded into this work.", examples=[[346]]
    )
    nearest_like: int | None = Field(
        description="For a taste: the place in `liked`, from 0, of the work that is nearest to it.",
        examples=[0],
    )


class Share(BaseModel):
    """How common a group is among the nearest items."""

    value: str = Field(examples=["Cubism"])
    share: float = Field(ge=0, le=1, examples=[0.45])


class Seems(BaseModel):
    """The very work that a picture shows."""

    work: Work
    correlation: float = Field(
        description="Of its drawing with what is seen of it; below 0.9 none is told.",
        ge=-1,
        le=1,
        examples=[0.98],
    )
    corners: list[tuple[float, float]] = Field(
        description="Where it is seen, x and y as shares, clockwise from its upper left.",
        examples=[[[0.2, 0.1], [0.8, 0.12], [0.79, 0.9], [0.21, 0.88]]],
    )


class Results(BaseModel):
    """An answer, best first."""

    code: str | None = Field(
        description="The query's code in hexadecimal; searches again without the picture.",
        examples=["8f3a0c51d2e97b64"],
    )
    bits: int = Field(description="Length of the code that was searched by.", examples=[64])
    by: str = Field(
        default="hamming", description="The distance that orders the results.", examples=["cosine"]
    )
    search_ms: float = Field(
        description="Milliseconds of the search, without the network.", examples=[0.41]
    )
    complete: bool = Field(
        default=True,
        description="Whether nothing as near was left out; of codes on a server of their own, some "
        "may be where very many tie.",
        examples=[True],
    )
    groups: list[Share]
    results: list[Result]
    seems: Seems | None = Field(
        default=None,
        description="With `recognise`: the work that the picture shows; null where none is sure.",
    )


class Batch(BaseModel):
    """An answer for each query, in their order."""

    answers: list[Results]


class Named(BaseModel):
    """A value of a column that words named."""

    column: str = Field(examples=["style"])
    value: Value = Field(examples=["Cubism"])


class Correction(BaseModel):
    """A word that nobody has, and the one that was taken for it."""

    asked: str = Field(examples=["cubsm"])
    taken: str = Field(examples=["cubism"])


class Meaning(BaseModel):
    """What the words of a question were taken for."""

    words: str = Field(description="Those that were searched for.", examples=["still life"])
    values: list[Named] = Field(description="What acts as a filter.")
    corrections: list[Correction]


class Page(BaseModel):
    """Some of the works that pass the filters."""

    total: int = Field(examples=[5088])
    works: list[Work]
    meaning: Meaning | None = Field(
        default=None, description="What `q` was taken for; null without it, and with `exact`."
    )


class Detail(Work):
    """One work with everything that is known of it."""

    code: str = Field(description="Its code in hexadecimal.", examples=["8f3a0c51d2e97b64"])
    colours: list[str] = Field(
        description="Its main colours, commonest first.", examples=[["#2b2a26", "#a08c68"]]
    )
    download: str | None = Field(
        default=None,
        description="Address of the original, where its licence lets anybody keep it.",
        examples=["/pictures/345/original"],
    )
    attribution: str | None = Field(
        default=None,
        description="What stands beside a copy, where one may be kept.",
        examples=["Still Life with Pears, Ada Lund, 1912. CC BY 4.0"],
    )


class Choice(BaseModel):
    """One value to filter by."""

    value: Value = Field(examples=["Cubism"])
    count: int = Field(examples=[812])


class Column(BaseModel):
    """A column: what there is to filter by, and how (`price=`, `price__lte=`, `price__not=`, …)."""

    name: str = Field(examples=["price"])
    kind: str = Field(description="`text` or `number`.", examples=["number"])
    role: str | None = Field(
        description="title, creator, group, year, link or licence, where it plays one.",
        examples=["group"],
    )
    distinct: int | None = Field(
        description="How many values it has; null for very many.", examples=[12]
    )
    values: list[Choice] = Field(
        description="The commonest first; all of them where one `chooses` from them."
    )
    span: tuple[float, float] | None = Field(
        description="Least and greatest number.", examples=[[4.5, 120.0]]
    )
    beside: str | None = Field(
        description="The column of dates that it belongs to.", examples=["year"]
    )
    chooses: bool = Field(
        description="Whether it has so few values that one chooses from them.", examples=[True]
    )


class Bound(BaseModel):
    """A word for a distance and the largest distance it stands for.

    `very close` promises that nine in ten pairs of that distance belong together, `close` three in
    four, `related` one in two.
    """

    word: str = Field(examples=["very close"])
    bits: int = Field(description="Of the code length that it counts for.", examples=[64])
    max_distance: int = Field(examples=[7])


class Facets(BaseModel):
    """What the collection offers to choose from."""

    index: str = Field(
        description="Identity of the index; ids mean something within it only.",
        examples=["0f9a1c2e-6f0e-4d26-9a57-3f7c52b0c1de"],
    )
    count: int = Field(examples=[5088])
    files: int = Field(
        description="Different names of files; fewer than `count` where some works share one.",
        examples=[5088],
    )
    bits: int = Field(examples=[64])
    lengths: list[int] = Field(examples=[[16, 32, 64]])
    features: int = Field(
        default=0,
        description="Numbers kept of each work beside its code, for `by=cosine` and its kin; 0 "
        "where none are.",
        examples=[1280],
    )
    diversity: float = Field(description="The default of `diversity`.", examples=[0.3])
    roles: dict[str, str] = Field(
        description="Columns by the role they play.", examples=[{"group": "category"}]
    )
    columns: list[Column]
    closeness: list[Bound] = Field(
        description="Words for distances, the longest code first; empty where none is promised."
    )


Regions = list[list[float]]


class Why(BaseModel):
    """Why a work is near a query."""

    bits: int = Field(examples=[4])
    distance: int = Field(examples=[1])
    query: list[int] = Field(description="The query's bits, 0 and 1.", examples=[[1, 0, 0, 1]])
    work: list[int] = Field(description="The work's bits, 0 and 1.", examples=[[1, 0, 1, 1]])
    query_regions: Regions | None = Field(
        description="Rows of cells over the query's picture: how much each carries the agreement, "
        "at most 1, below 0 where it speaks against. Null where it cannot be told.",
        examples=[[[0.1, 0.8], [1.0, -0.2]]],
    )
    work_regions: Regions | None = Field(
        description="The same over the work's picture.", examples=[[[0.3, 1.0], [0.2, 0.0]]]
    )
    centred: bool = Field(
        description="Whether the cells cover a picture's centre square alone, not all of it.",
        examples=[True],
    )


class Map(BaseModel):
    """The collection in two dimensions."""

    groups: list[str] = Field(examples=[["Baroque", "Cubism"]])
    points: list[tuple[int, float, float, int]] = Field(
        description="Id, x and y from 0 to 1, place in `groups` (-1 for none).",
        examples=[[[345, 0.41, 0.87, 1]]],
    )


class Health(BaseModel):
    """That the server is up, and on what."""

    status: str = Field(examples=["ok"])
    version: str = Field(examples=["0.1.0"])
    index: str = Field(examples=["0f9a1c2e-6f0e-4d26-9a57-3f7c52b0c1de"])
    generation: int = Field(description="Counts the index's publications.", examples=[3])
    count: int = Field(examples=[5088])
