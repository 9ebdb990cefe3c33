import pytest

from hashing.sources.columns import typed
from hashing.sources.dates import parse_span


def column(texts: list[str], name: str = "x") -> tuple[dict[str, type], list[dict[str, object]]]:
    rows = {str(i): {name: text} for i, text in enumerate(texts)}
    kinds, values = typed([name], rows)
    return kinds, [dict(row) for row in values.values()]


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        (["1", "-2", "0"], int, [1, -2, 0]),
        (["1", "2.5", "-3"], float, [1.0, 2.5, -3.0]),
        (["1.0", "2.0"], float, [1.0, 2.0]),
        (["1975.1", "1975.10"], str, ["1975.1", "1975.10"]),
        (["1975.10", "1975.11"], str, ["1975.10", "1975.11"]),
        (["1E2", "12"], str, ["1E2", "12"]),
        (["1", "c. 1900"], str, ["1", "c. 1900"]),
        (["007", "12"], str, ["007", "12"]),
        (["1_000"], str, ["1_000"]),
        (["1e999"], str, ["1e999"]),
        (["٣"], str, ["٣"]),
        (["9223372036854775807"], int, [2**63 - 1]),
        (["9223372036854775808", "1"], str, ["9223372036854775808", "1"]),
        (["NULL", "5", "n/a", "-"], int, [5]),
        (["NaN", "0.5", "?"], float, [0.5]),
        (["N/A", "Monet", "-", "?"], str, ["Monet", "-", "?"]),
    ],
)
def test_a_column_is_a_number_only_if_every_cell_prints_back(
    texts: list[str], kind: type, values: list[object]
) -> None:
    kinds, rows = column(texts)
    assert kinds == {"x": kind}
    assert [row["x"] for row in rows if row] == values


@pytest.mark.parametrize("name", ["Object Number", "AccessionNumber", "inv_nr", "SKU"])
def test_a_column_of_identifiers_is_no_quantity(name: str) -> None:
    assert column(["1975.1", "1975.2"], name)[0] == {name: str}
    assert column(["12", "13"], name)[0] == {name: int}


def test_what_is_measured_or_paid_may_end_in_a_nought() -> None:
    kinds, rows = column(["5.50", "12.00", "7"], "List_Price")
    assert kinds == {"List_Price": float}
    assert [row["List_Price"] for row in rows] == [5.5, 12.0, 7.0]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["24,5", "7", "1.005,50"], [24.5, 7.0, 1005.5]),
        (["1,005.50", "12.5", "1,234"], [1005.5, 12.5, 1234.0]),
        (["1.25", "3e2"], [1.25, 300.0]),
        (["1,005", "2,250"], None),  # thousands or thousandths
        (["1.200", "950", "2.500"], None),
        (["1.200", "0.950"], [1.2, 0.95]),
        (["1.200.500", "950", "2.500"], [1200500.0, 950.0, 2500.0]),
        (["9" * 20, "1"], [1e20, 1.0]),
        (["24,5", "12.5"], None),
        (["24,5 cm", "7"], None),
        (["007,5", "7"], None),
        (["1e999"], None),
    ],
)
def test_quantities_have_a_decimal_comma_where_that_is_sure(
    texts: list[str], values: list[float] | None
) -> None:
    kinds, rows = column(texts, "Breite (cm)")
    assert kinds == {"Breite (cm)": str if values is None else float}
    assert [row["Breite (cm)"] for row in rows] == (values or texts)
    assert column(texts, "Inventory number")[0] == {"Inventory number": str}


def test_dates_become_years_and_stay_as_they_are_written() -> None:
    kinds, rows = column(["c. 1890", "1503–1506", "1889", "NULL", "long ago"], "Date")
    assert kinds == {"Date": int, "Date_to": int, "Date_written": str}
    assert rows == [
        {"Date": 1890, "Date_to": 1890, "Date_written": "c. 1890"},
        {"Date": 1503, "Date_to": 1506, "Date_written": "1503–1506"},
        {"Date": 1889, "Date_to": 1889, "Date_written": "1889"},
        {},
        {"Date_written": "long ago"},
    ]
    assert column(["1900.0", "1901.0"], "year") == ({"year": int}, [{"year": 1900}, {"year": 1901}])
    assert column(["soon", "1900", "later"], "year")[0] == {"year": str}


def test_a_column_that_is_there_is_not_written_over() -> None:
    rows = {"a": {"year": "c. 1900", "year_to": "1950"}}
    kinds, values = typed(["year", "year_to"], rows)
    assert kinds == {"year": str, "year_to": int}
    assert values["a"] == {"year": "c. 1900", "year_to": 1950}


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1890", (1890, 1890)),
        ("ca.1890", (1890, 1890)),
        ("[1890?]", (1890, 1890)),
        ("1503–06", (1503, 1506)),
        ("1503-1506", (1503, 1506)),
        ("1890/91", (1890, 1891)),
        ("1889-05", (1889, 1889)),
        ("1889-05-12", (1889, 1889)),
        ("12 May 1889", (1889, 1889)),
        ("1890s", (1890, 1899)),
        ("19th century", (1801, 1900)),
        ("XIXe siècle", (1801, 1900)),
        ("19. Jahrhundert", (1801, 1900)),
        ("late 19th century", (1867, 1900)),
        ("mid-19th century", (1834, 1866)),
        ("first half of the 17th century", (1601, 1650)),
        ("18th–early 19th century", (1701, 1833)),
        ("before 1700", (1650, 1699)),
        ("after 1850", (1851, 1900)),
        ("300 BC", (-300, -300)),
        ("300-200 B.C.", (-300, -200)),
        ("5th century BC", (-500, -401)),
        ("early 5th century BC", (-500, -468)),
        ("late 5th century BC", (-434, -401)),
        ("second half of the 4th century B.C.", (-350, -301)),
        ("first half of the 4th century BCE", (-400, -351)),
        ("4th–3rd century BC", (-400, -201)),
        ("ca. 330s BC", (-339, -330)),
        ("before 300 BC", (-350, -301)),
        ("after 300 v. Chr.", (-299, -250)),
        ("(c. 300 BC)", (-300, -300)),
        ("400 BC – 350 BC", (-400, -350)),
        ("100 BC–AD 50", (-100, 50)),
        ("Han dynasty (206 BC–220 AD)", (-206, 220)),
        ("2nd century BC - 1st century AD", (-200, 100)),
        ("05/1889", (1889, 1889)),
        ("12-1888", (1888, 1888)),
        ("1800s", (1800, 1899)),
        ("late 1800s", (1866, 1899)),
        ("mid-1700s", (1733, 1765)),
        ("early 1890s", (1890, 1899)),
        ("19th c.", (1801, 1900)),
        ("late 19th c.", (1867, 1900)),
        ("AH 1234/1819", (1819, 1819)),
        ("dated A.H. 1234-35 / A.D. 1819-20", (1819, 1820)),
        ("1234 AH (1819)", (1819, 1819)),
        ("AH 1234", None),
        ("Meiji period (1868–1912)", (1868, 1912)),
        ("n.d.", None),
        ("", None),
        ("edition of 12", None),
        ("3,000 BC", (-3000, -3000)),
        ("c. 3,000 B.C.", (-3000, -3000)),
        ("3.000 v. Chr.", (-3000, -3000)),
        ("10,000–8,000 BC", (-10000, -8000)),
        ("12000 BC", (-12000, -12000)),
        ("before 1,000 BC", (-1050, -1001)),
        ("1,500", (1500, 1500)),
        ("12,500", None),
        ("1,000,000 BC", None),
        ("185001", None),
        ("185001-02", None),
        ("1932, 1960", (1932, 1960)),
        ("1850,1870", (1850, 1870)),
        ("12.1889", (1889, 1889)),
        ("1890s–1910s", (1890, 1919)),
        ("1890s–1910", (1890, 1910)),
        ("1850-1860s", (1850, 1869)),
        ("1950-60s", (1950, 1969)),
        ("1950s–60s", (1950, 1969)),
        ("1920's to '30's", (1920, 1939)),
        ("late 1950s–early 60s", (1950, 1969)),
        ("1990s-2000s", (1990, 2009)),
        ("1990-2000s", (1990, 2009)),
        ("late 1890s–early 1900s", (1890, 1909)),
        ("late 1700s–early 1800s", (1766, 1832)),
        ("Edo period, 1850s", (1850, 1859)),
        ("60s", None),
        ("1900-1800", None),
        ("99th century", None),
    ],
)
def test_spans_of_years(text: str, span: tuple[int, int] | None) -> None:
    assert parse_span(text) == span
