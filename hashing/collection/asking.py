"""What a collection is asked with: pictures, codes, items and tastes, made into queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL.Image import Image

from hashing.codes import Codes
from hashing.collection.holding import Holding
from hashing.collection.parts import Look
from hashing.collection.reading import as_list
from hashing.collection.recognise import Recognised, recognise
from hashing.collection.request import Mix, Query, Taste
from hashing.errors import UsageError
from hashing.filters import Filter
from hashing.images import Picture, open_picture

MOST_LIKED = 200
PLAIN = Look()


class Asking(Holding):
    """A collection that makes queries; `Collection` is one that answers them, too."""

    def query(self, query: Picture | Codes) -> Query:
        """Whatever can be searched with as a question, encoded if it is a picture.

        Args:
            query: a picture in any form, one row of `Codes`, or a code in hexadecimal.

        Returns:
            Its code, and the logits where the network has run.

        Raises:
            ImageError: the picture cannot be read.
            UsageError: several codes.

        Example:
            >>> art.query("query.jpg").code.bits == art.info.bits
            True
        """
        if isinstance(query, Codes):
            if len(query) != 1:
                raise UsageError(f"expected one code, found {len(query)}")
            return Query(query)
        if isinstance(query, str) and self._is_hex(query):
            return Query(Codes.from_hex([query], self.info.bits))
        return self.encode(open_picture(query))

    def encode(self, image: Image) -> Query:
        """One pass of the network over one picture.

        Args:
            image: decoded, RGB.

        Returns:
            The question that it is.

        Example:
            >>> art.encode(PIL.Image.open("query.jpg")).logits.shape
            (1, 64)
        """
        logits, features = self._encoded([image])
        return Query(Codes.from_logits(logits), logits, picture=image, features=features)

    def look(self, picture: Picture, look: Look) -> Query:
        """A picture as a question of all its views; what is nearest to any of them is near.

        Args:
            picture: as for `search`.
            look: a box within it, any turn, crops for a work on a wall.

        Returns:
            A question of a code for each view.

        Raises:
            ImageError: it cannot be read.
            UsageError: the box is smaller than 16 pixels.

        Example:
            >>> len(art.look("query.jpg", Look(any_turn=True)).code)
            8
        """
        image = open_picture(picture)
        views = look.views(image)
        logits, features = self._encoded(views)
        single = logits if len(views) == 1 else None
        return Query(
            Codes.from_logits(logits),
            single,
            picture=views[0],
            features=features,
            views=tuple(views),
        )

    def recognise(
        self, picture: Picture, look: Look = PLAIN, where: str | Filter | None = None
    ) -> Recognised | None:
        """The work of the collection that a photograph shows, on a wall or as it is.

        Args:
            picture: as for `search`.
            look: a box within it, any turn.
            where: only items that this filter keeps.

        Returns:
            Its id and where it is seen; None where none is sure: at most one in a hundred pictures
            of something else is taken for a work.

        Raises:
            ImageError: the picture cannot be read.
            UsageError: the filter is none.

        Example:
            >>> art.recognise(np.zeros((99, 99, 3), np.uint8)) is None
            True
        """
        return self.look_for(picture, look, where)[0]

    def look_for(
        self, picture: Picture, look: Look, where: str | Filter | None = None
    ) -> tuple[Recognised | None, Query]:
        """The work that a photograph shows, and what to ask with: it, or else the picture.

        Args:
            picture: as for `search`.
            look: a box within it, any turn, crops for a work on a wall.
            where: only items that this filter keeps.

        Returns:
            The work or None, as of `recognise`, and the question.

        Raises:
            ImageError: the picture cannot be read.
            UsageError: the filter is none.

        Example:
            >>> seen, asked = art.look_for("query.jpg", Look())
            >>> asked.code.bits
            64
        """
        image = open_picture(picture)
        held, views = look.held(image), replace(look, crops=True).views(image)
        logits, features = self._encoded(views)
        codes = Codes.from_logits(logits)
        every = Query(codes, picture=views[0], features=features, views=tuple(views))
        seen = recognise(self.opened, held, every, self.filter(where))
        if seen is not None:
            return seen, self.stored(seen.id)
        asked = len(look.views(image)) if look.frame else len(views if look.crops else held)
        return None, Query(
            codes[:asked],
            logits[:asked] if asked == 1 else None,
            picture=views[0],
            features=None if features is None else features[:asked],
            views=tuple(views[:asked]),
        )

    def queries(self, pictures: Sequence[Picture]) -> list[Query]:
        """Several pictures as questions, encoded in one pass of the network.

        Args:
            pictures: as for `search`.

        Returns:
            A question for each, in their order.

        Raises:
            ImageError: one of them cannot be read.

        Example:
            >>> tuple(len(asked.code) for asked in art.queries(["a.jpg", "b.jpg"]))
            (1, 1)
        """
        images = [open_picture(picture) for picture in pictures]
        logits, features = self._encoded(images)
        codes = Codes.from_logits(logits)
        one = [slice(row, row + 1) for row in range(len(images))]
        return [
            Query(
                codes[row],
                logits[row],
                picture=image,
                features=None if features is None else features[row],
            )
            for row, image in zip(one, images, strict=True)
        ]

    def stored(self, item_id: int) -> Query:
        """The question that an item is, which does not find itself.

        Args:
            item_id: the item.

        Returns:
            Its code as it is stored.

        Raises:
            UnknownItemError: there is no such item.

        Example:
            >>> art.stored(3).exclude
            (3,)
        """
        code = self.opened.code(item_id)
        features = self.index.features([item_id]) if self.info.features else None
        return Query(code, exclude=(item_id,), features=features)

    def taste(
        self, like: str | Iterable[int | str], dislike: str | Iterable[int | str] = ()
    ) -> Taste:
        """Liked and disliked items and pictures, in any mix, as codes.

        Args:
            like: ids of items, or codes in hexadecimal for pictures from outside; one at least.
            dislike: the same.

        Returns:
            What `answer` recommends by.

        Raises:
            UsageError: there is no like, more than 200 likes and dislikes, or one is both.
            UnknownItemError: there is no such item.

        Example:
            >>> len(art.taste([3, 17], dislike=[5]).liked)
            2
        """
        like, dislike = as_list(like), as_list(dislike)
        if not like or len(like) + len(dislike) > MOST_LIKED:
            raise UsageError(
                f"expected one liked work or more and at most {MOST_LIKED} in all, "
                f"found {len(like)} liked and {len(dislike)} disliked"
            )
        both = next((work for work in like if work in dislike), None)
        if both is not None:
            raise UsageError(f"expected to like or to dislike the work {both}, found both")
        known = [work for work in (*like, *dislike) if not isinstance(work, str)]
        return Taste(self._codes(like), self._codes(dislike), tuple(map(int, known)))

    def mix(self, parts: Mapping[int | str, float]) -> Mix:
        """Ids and codes in hexadecimal with their weights, as codes.

        Args:
            parts: weights from −1 to 1, at least one above 0, by id or code.

        Returns:
            What `answer` blends by.

        Raises:
            UsageError: no weight is positive, one is not between −1 and 1, or there are more than
                200 parts.
            UnknownItemError: there is no such item.

        Example:
            >>> art.mix({3: 1, 17: -0.5}).weights.tolist()
            [1.0, -0.5]
        """
        weights = list(parts.values())
        if not 1 <= len(parts) <= MOST_LIKED:
            raise UsageError(f"expected 1 to {MOST_LIKED} parts of a mix, found {len(parts)}")
        if not all(-1 <= weight <= 1 for weight in weights) or max(weights) <= 0:
            raise UsageError(
                f"expected weights from −1 to 1 with one above 0 at least, found {weights[:8]}"
            )
        known = [work for work in parts if not isinstance(work, str)]
        codes = self._codes(list(parts))
        return Mix(codes, np.array(weights, np.float64), tuple(map(int, known)))

    def _is_hex(self, text: str) -> bool:
        digits = len(text) == self.info.bits // 4 and not set(text) - set("0123456789abcdefABCDEF")
        return digits and not Path(text).exists()

    def _codes(self, works: Sequence[int | str]) -> Codes:
        bits = self.info.bits
        rows = [
            Codes.from_hex([work], bits) if isinstance(work, str) else self.opened.code(int(work))
            for work in works
        ]
        return Codes.concatenate([Codes(np.empty((0, bits // 8), np.uint8), bits), *rows])
