"""What the HTTP API takes and returns, as `/openapi.json` describes it."""

from pydantic import BaseModel, Field

from hashing.items import Value
from hashing.service.refine import Refine


class Work(BaseModel):
    """One work, as a label on the wall tells it."""

    id: int = Field(description="Stays the same as long as the index lives; never reused.")
    title: str | None = None
    artist: str | None = None
    style: str | None = None
    year: int | float | str | None = None
    picture: str = Field(description="Address of its preview, relative to the server.")
    width: int = Field(description="Pixels of the preview.")
    height: int = Field(description="Pixels of the preview.")


class Result(Work):
    """One work of an answer."""

    rank: int = Field(description="1 for the first.")
    distance: int = Field(description="Bits that differ from the query (or the nearest like).")
    closeness: str = Field(description="The distance in words.", examples=["very close"])
    copies: list[int] = Field(description="Ids of near-duplicates folded into this work.")


class Share(BaseModel):
    """How common a style is among the nearest works."""

    value: str
    share: float = Field(ge=0, le=1)


class Results(BaseModel):
    """An answer, best first."""

    code: str | None = Field(
        description="The query's code in hexadecimal; searches again without the picture."
    )
    bits: int = Field(description="Length of the code that was searched by.")
    search_ms: float = Field(description="Milliseconds of the search, without the network.")
    styles: list[Share]
    results: list[Result]


class Page(BaseModel):
    """Some of the works that pass the filters."""

    total: int
    works: list[Work]


class Detail(Work):
    """One work with everything that is known of it."""

    code: str
    file: str
    fields: dict[str, Value]
    colours: list[str] = Field(description="Its main colours, commonest first.")


class Choice(BaseModel):
    """One value to filter by."""

    value: str
    count: int


class Bound(BaseModel):
    """A word for a distance and the largest distance it stands for."""

    word: str
    max_distance: int


class Facets(BaseModel):
    """What the collection offers to choose from."""

    index: str = Field(description="Identity of the index; ids mean something within it only.")
    count: int
    bits: int
    lengths: list[int]
    diversity: float = Field(description="The default of `diversity`.")
    styles: list[Choice]
    artists: list[Choice]
    years: tuple[int, int] | None
    closeness: list[Bound]


class Taste(Refine):
    """Works somebody likes and dislikes: ids, or codes in hexadecimal for pictures of their own."""

    liked: list[int | str] = Field(description="At least one.", examples=[[12, 345]])
    disliked: list[int | str] = Field(default=[], examples=[[78]])


Regions = list[list[float]]


class Why(BaseModel):
    """Why a work is near a query."""

    bits: int
    distance: int
    query: list[int] = Field(description="The query's bits, 0 and 1.")
    work: list[int] = Field(description="The work's bits, 0 and 1.")
    query_regions: Regions | None = Field(
        description="Rows of cells over the query's picture: how much each carries the agreement, "
        "at most 1, below 0 where it speaks against. Null where it cannot be told."
    )
    work_regions: Regions | None = Field(description="The same over the work's picture.")


class Map(BaseModel):
    """The collection in two dimensions."""

    styles: list[str]
    points: list[tuple[int, float, float, int]] = Field(
        description="Id, x and y from 0 to 1, place in `styles` (-1 for none)."
    )


class Health(BaseModel):
    """That the server is up, and on what."""

    status: str
    version: str
    index: str
    generation: int
    count: int


class Problem(BaseModel):
    """What went wrong."""

    code: str = Field(examples=["unreadable_picture"])
    message: str = Field(description="One sentence: what was expected, found, and what to do.")


class ErrorBody(BaseModel):
    """The one shape of every error."""

    error: Problem
