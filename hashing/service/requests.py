"""What a visitor may ask, as the API reads it; `refine` says it to the collection."""

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hashing.collection.parts import Look
from hashing.collection.request import DIVERSITY, Refine
from hashing.errors import UsageError, unknown
from hashing.filters import Filter
from hashing.store import IndexInfo

LARGEST_ID = 2**53 - 1
"""The largest whole number that every reader of JSON takes for what it is."""
Id = Annotated[int, Field(ge=0, le=LARGEST_ID)]
Code = Annotated[str, Field(json_schema_extra={"format": "code"})]
"""In hexadecimal, as long as the collection's."""
Colour = Annotated[str, Field(json_schema_extra={"pattern": "^#?[0-9a-fA-F]{6}$"})]


class Narrowed(BaseModel):
    """What any list of items can be narrowed by, beside its columns (see `service.filters`)."""

    model_config = ConfigDict(frozen=True)

    where: str = Field(
        default="",
        description="A filter in the language of the command line: `price < 20 and brand = 'A'`.",
        json_schema_extra={"format": "filter"},
    )


class Browse(Narrowed):
    """Which items to list."""

    q: str = Field(default="", max_length=200, description="Words, of any column.")
    palette: list[Colour] = Field(
        default=[],
        max_length=6,
        description="Only works that have all these colours, those first that have them best.",
        examples=[["2b2a26"]],
    )
    every: bool = Field(
        default=False,
        description="With `palette`: all works, ordered by how well they have its colours.",
    )
    exact: bool = Field(
        default=False,
        description="Take `q` letter by letter: neither values nor typing errors are seen in it.",
    )
    sample: bool = Field(default=False, description="In random order.")
    seed: int = Field(
        default=0,
        ge=0,
        le=LARGEST_ID,
        description="Of the random order; equal seeds, equal orders.",
    )
    offset: int = Field(default=0, ge=0, le=LARGEST_ID, description="How many items to pass over.")
    limit: int = Field(default=60, ge=1, le=500, description="How many items at most.")
    id: list[Id] = Field(
        default=[],
        max_length=500,
        description="Of these items only, in this order unless they are shuffled; those that are "
        "not there are left out.",
    )


class Controls(Narrowed):
    """How an answer is made: length, cut-off, variety and folding."""

    k: int = Field(default=10, ge=1, le=200, description="How many items.")
    offset: int = Field(
        default=0,
        ge=0,
        le=LARGEST_ID,
        description="How many items of the answer to pass over. Variety chooses the first 200.",
    )
    bits: int | None = Field(
        default=None, ge=1, description="Search by the first bits of the code only."
    )
    max_distance: float | None = Field(
        default=None, ge=0, le=LARGEST_ID, description="Leave out items farther than this."
    )
    by: Literal["hamming", "cosine", "euclidean", "manhattan"] = Field(
        default="hamming",
        description="What is near: by codes, or, where `facets` says that the index keeps them, by "
        "features. These are of pictures and works: a code has none.",
    )
    palette: list[Colour] = Field(
        default=[],
        max_length=6,
        description="Only works that have all these colours.",
        examples=[["2b2a26"]],
    )
    diversity: float = Field(default=DIVERSITY, ge=0, le=1, description="0 similar … 1 varied.")
    tones: float = Field(
        default=0,
        ge=0,
        le=1,
        description="How much colours and where they stand count beside the code, where it is "
        "known what was asked with. A taste and a mix go by codes alone.",
    )
    features: float = Field(
        default=0,
        ge=0,
        le=1,
        description="How much the cosine of features counts beside the code, where the index keeps "
        "features and it is known what was asked with. A taste and a mix go by codes alone.",
    )
    one_per: str | None = Field(
        default=None, description="At most one item of each value of this column or role."
    )
    one_per_artist: bool = Field(
        default=False,
        description="The same as `one_per=creator`.",
        json_schema_extra={"deprecated": True},
    )
    fold: bool = Field(default=True, description="Show near-duplicates as one item with a count.")

    def refine(self, where: Filter | None, info: IndexInfo) -> Refine:
        """The same for the collection. Raises UsageError for a column that is not there."""
        one_per = self.one_per or ("creator" if self.one_per_artist else None)
        if one_per is not None and one_per not in info.columns:
            if one_per not in info.roles:
                raise UsageError(unknown("column", one_per, [*info.columns, *info.roles]))
            one_per = info.roles[one_per]
        most = self.max_distance
        if most is not None and self.by == "hamming":
            most = math.floor(most)  # of whole numbers of bits
        return Refine(
            k=self.k,
            offset=self.offset,
            where=where,
            bits=self.bits,
            max_distance=most,
            diversity=self.diversity,
            one_per=one_per,
            fold=self.fold,
            by=self.by,
            palette=tuple(self.palette),
            tones=self.tones,
            features=self.features,
        )


class Looking(Controls):
    """How a picture is looked at, and how the answer is made."""

    box: str | None = Field(
        default=None,
        max_length=200,
        description="Only this part of the picture: `left,top,right,bottom`, or x,y of four "
        "corners clockwise from the upper left (it is straightened), as shares from 0 to 1; "
        "`suggest` takes what seems to be a frame, and what is within it.",
        examples=["0.2,0.1,0.8,0.9"],
        json_schema_extra={"format": "box"},
    )
    any_turn: bool = Field(default=False, description="In quarter turns and mirrored, too.")
    crops: bool = Field(
        default=False,
        description="For a photograph of a work: what seems to be its frame, and the middle, ever "
        "smaller; the nearest counts.",
    )
    recognise: bool = Field(
        default=False,
        description="Whether the picture shows a work of the collection, on a wall or as it is: "
        "it then `seems` to be that one, and the answer is what is like it.",
    )

    def look(self) -> Look:
        """The same for the collection. Raises UsageError for a box that is none."""
        return Look.of(self.box, any_turn=self.any_turn, crops=self.crops)


class Taste(Controls):
    """Items somebody likes and dislikes: ids, or codes in hexadecimal for pictures of their own.

    Columns filter here as they do in an address: `{"liked": [12], "brand": ["A", "B"]}`.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    liked: list[Id | Code] = Field(
        description="At least one.", json_schema_extra={"minItems": 1}, examples=[[12, 345]]
    )
    disliked: list[Id | Code] = Field(default=[], examples=[[78]])


class Part(BaseModel):
    """One of several questions, and what it counts."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    work: Id | Code = Field(
        description="A work's id, or a code in hexadecimal for a picture of one's own.",
        examples=[12],
    )
    weight: float = Field(
        default=1,
        ge=-1,
        le=1,
        description="From 1 (near it) to -1 (away from it).",
        examples=[0.5],
    )


class Mix(Controls):
    """Several questions at once. Columns filter here as they do in an address."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    parts: list[Part] = Field(
        description="Each work once; one weight above 0 at least.",
        min_length=1,
        max_length=200,
        json_schema_extra={"contains": {"properties": {"weight": {"exclusiveMinimum": 0}}}},
    )
