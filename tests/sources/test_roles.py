import pytest

from hashing.errors import UsageError
from hashing.sources.roles import check_roles, default_roles, parse_roles, resolve_roles


@pytest.mark.parametrize(
    ("columns", "roles"),
    [
        (["artist", "style", "title", "year", "url"],
         {"title": "title", "creator": "artist", "group": "style", "year": "year", "link": "url"}),
        (["label"], {"group": "label"}),
        (["label", "style"], {"group": "style"}),
        (["Artist_Name", "Object-Date"], {"creator": "Artist_Name", "year": "Object-Date"}),
        (["name", "brand", "category", "price", "colour"],
         {"title": "name", "creator": "brand", "group": "category"}),
        (["price", "colour"], {}),
        (["objectTitle[1]", "objectTitle[2]", "objectCreator[1]", "objectCreationDate[1]"],
         {"title": "objectTitle[1]", "creator": "objectCreator[1]",
          "year": "objectCreationDate[1]"}),
        (["itemLabel", "creatorLabel", "inception"],
         {"title": "itemLabel", "creator": "creatorLabel", "year": "inception"}),
    ],
)  # fmt: skip
def test_roles_are_found_by_the_names_of_columns(columns: list[str], roles: dict[str, str]) -> None:
    assert default_roles(columns) == roles


def test_chosen_roles_win_and_an_empty_name_takes_one_away() -> None:
    columns = ["artist", "style", "school"]
    chosen = parse_roles("group=school, creator=")
    assert resolve_roles(chosen, columns) == {"group": "school"}
    assert resolve_roles({}, columns) == {"creator": "artist", "group": "style"}


def test_a_chosen_column_that_is_not_there_yet_is_waited_for() -> None:
    assert resolve_roles({"group": "school"}, ["style"]) == {}
    assert resolve_roles({"group": "school"}, ["style", "school"]) == {"group": "school"}


def test_mistakes_are_named() -> None:
    with pytest.raises(UsageError, match="group"):
        parse_roles("grup=school")
    with pytest.raises(UsageError, match="ROLE=COLUMN"):
        parse_roles("school")
    with pytest.raises(UsageError, match="school"):
        check_roles({"group": "scool"}, ["school"])
