"""What a visitor may ask, as the API reads it; `where` and `refine` say it to the collection."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hashing.collection.request import DIVERSITY, Refine
from hashing.filters import Filter, all_of, among, between, is_null, not_

Name = Annotated[str, Field(max_length=200)]
Names = Annotated[list[Name], Field(max_length=100)]


class Filters(BaseModel):
    """Which works may be shown at all; every filter left out allows everything."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    style: Names = Field(default=[], description="Only these styles (repeat for several).")
    artist: Names = Field(default=[], description="Only these artists (repeat for several).")
    hide_artist: Names = Field(default=[], description="None of these artists.")
    title: Names = Field(default=[], description="Only works of exactly this title.")
    from_year: int | None = Field(
        default=None, alias="from", description="Not made before this year."
    )
    to_year: int | None = Field(default=None, alias="to", description="Not made after this year.")

    def where(self, style_column: str = "style") -> Filter | None:
        """All filters as one; None when there is none."""
        wanted = {style_column: self.style, "artist": self.artist, "title": self.title}
        parts = [among(column, values) for column, values in wanted.items() if values]
        if self.hide_artist:
            # without `is null` the works without an artist would go, too: null follows SQL
            parts.append(is_null("artist") | not_(among("artist", self.hide_artist)))
        if self.from_year is not None or self.to_year is not None:
            parts.append(between("year", self.from_year, self.to_year))
        return all_of(*parts) if parts else None


class Browse(Filters):
    """Which works to list."""

    q: str = Field(default="", max_length=200, description="Words of a title or an artist's name.")
    sample: bool = Field(default=False, description="In random order instead of by id.")
    seed: int = Field(
        default=0, ge=0, description="Of the random order; equal seeds, equal orders."
    )
    offset: int = Field(default=0, ge=0, description="How many works to pass over.")
    limit: int = Field(default=60, ge=1, le=500, description="How many works at most.")


class Controls(Filters):
    """How an answer is made: length, cut-off, variety and folding."""

    k: int = Field(default=10, ge=1, le=200, description="How many works.")
    bits: int | None = Field(default=None, description="Search by the first bits of the code only.")
    max_distance: int | None = Field(
        default=None, ge=0, description="Leave out works farther than this."
    )
    diversity: float = Field(default=DIVERSITY, ge=0, le=1, description="0 similar … 1 varied.")
    one_per_artist: bool = Field(default=False, description="At most one work of each artist.")
    fold: bool = Field(default=True, description="Show near-duplicates as one work with a count.")

    def refine(self, style_column: str) -> Refine:
        """The same for the collection."""
        return Refine(
            k=self.k,
            where=self.where(style_column),
            bits=self.bits,
            max_distance=self.max_distance,
            diversity=self.diversity,
            one_per_artist=self.one_per_artist,
            fold=self.fold,
        )


class Taste(Controls):
    """Works somebody likes and dislikes: ids, or codes in hexadecimal for pictures of their own."""

    liked: list[int | str] = Field(description="At least one.", examples=[[12, 345]])
    disliked: list[int | str] = Field(default=[], examples=[[78]])
