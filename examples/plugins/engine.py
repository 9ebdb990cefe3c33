"""An engine of your own: `hashing.search(codes, database, engine="engine:Products")`."""

import numpy as np
import torch
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.search import RadiusRequest, RadiusResult, ReferenceEngine, SearchRequest, SearchResult


class Products:
    """Distances by one matrix product in PyTorch, which a GPU is fast at.

    For codes of ±1 the Hamming distance is (bits − a·b) / 2. What is rarer than a plain search is
    left to the reference.
    """

    def __init__(self, codes: Codes, ids: NDArray[np.int64] | None = None) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.ids = np.arange(len(codes)) if ids is None else ids
        self.codes, self.reference = codes, ReferenceEngine(codes, ids)

    def search(self, request: SearchRequest) -> SearchResult:
        """The k nearest items of each query, ordered by (distance, id)."""
        rarer = (request.where, request.allowed, request.max_distance, request.logits)
        if any(part is not None for part in rarer):
            return self.reference.search(request)
        queries = request.searched_codes(self.codes.bits)
        products = self._signs(queries) @ self._signs(self.codes.prefix(queries.bits)).T
        distances = ((queries.bits - products) / 2).round().long()
        # One number orders by distance first and then by row, which ascends with the id.
        rows = torch.arange(len(self.codes), device=self.device)
        keys = distances * len(self.codes) + rows
        nearest = keys.sort(dim=1).values[:, : request.k].cpu().numpy()
        found, row = np.divmod(nearest, max(len(self.codes), 1))
        return SearchResult(self.ids[row], found.astype(np.int32))

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """All items not farther than a distance."""
        return self.reference.radius(request)

    def _signs(self, codes: Codes) -> torch.Tensor:
        return torch.from_numpy(codes.signs()).to(self.device, torch.float32)
