"""Items for a taste: near what somebody likes and away from what they dislike."""

from hashing.collection.answer import Answer
from hashing.collection.around import length_by_hamming, look_around
from hashing.collection.opened import Opened
from hashing.collection.request import Refine, Taste
from hashing.recommend import rank_by_taste, taste_centres


def recommend(opened: Opened, taste: Taste, refine: Refine) -> Answer:
    """Rank what lies around the centres of a taste, then apply the controls."""
    bits = length_by_hamming(opened, refine, "a taste")
    likes, dislikes = taste.liked.prefix(bits), taste.disliked.prefix(bits)
    centres, sizes = taste_centres(likes)
    return look_around(
        opened,
        centres,
        likes,
        taste.known,
        lambda codes: rank_by_taste(codes, likes, centres, sizes, dislikes),
        refine,
        len(likes),
    )
