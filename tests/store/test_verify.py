"""A check of everything while others write."""

from typing import Any

import pytest

from hashing.store import Index, open_index
from hashing.store.embedded import verify
from tests.store.conftest import new_items


@pytest.mark.parametrize("moment", ["read_generation", "check_rows"])
def test_what_a_writer_drops_meanwhile_is_no_damage(
    index: Index, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and previews in one state, whatever is published; segments by what is named then."""
    index.add(new_items(5, seed=1))
    index.remove([3, 61])
    look = getattr(verify, moment)
    with open_index(index.info.location) as other:
        acts = iter([other.compact])

        def beside(*arguments: Any) -> Any:
            found = look(*arguments)
            for act in acts:
                act()
            return found

        monkeypatch.setattr(verify, moment, beside)
        monkeypatch.setattr("hashing.store.embedded.publication.checkpoint", lambda db: False)
        assert index.verify() == []
        assert index.info.segments == 1
        assert next(acts, None) is None
        assert index.verify() == []
