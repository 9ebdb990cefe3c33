"""What one address may ask, and that another one is not kept waiting by it."""

import asyncio

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hashing.errors import UsageError
from hashing.service import rates
from hashing.service.admission import Gates
from hashing.service.door import Door
from hashing.service.guards import Guards
from hashing.service.rates import Rate, TooOftenError, limited
from tests.service.serving import free_port, serving


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_fills_again() -> None:
    clock = Clock()
    rate = Rate(per_second=2, at_once=3, clock=clock)
    for _ in range(3):
        rate.take("a")
    with pytest.raises(TooOftenError) as error:
        rate.take("a")
    assert error.value.seconds == 0.5
    rate.take("b")
    clock.now += 0.5
    rate.take("a")
    with pytest.raises(TooOftenError):
        rate.take("a")
    clock.now += 1000
    for _ in range(3):  # no more than at first
        rate.take("a")
    with pytest.raises(TooOftenError):
        rate.take("a")


def test_addresses_that_asked_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_ADDRESSES", 2)
    rate = Rate(per_second=1, at_once=1, clock=Clock())
    rate.take("a")
    rate.take("b")
    with pytest.raises(TooOftenError):
        rate.take("a")
    rate.take("c")  # b goes, which asked longest ago
    rate.take("b")
    with pytest.raises(TooOftenError):
        rate.take("c")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("127.0.0.1", None),
        ("127.9.9.9", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown" * 99, ("unknown" * 99)[:64]),
    ],
)
def test_what_an_address_counts_as(address: str, counted: str | None) -> None:
    assert limited(address) == counted


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def ask(
    app: ASGIApp, address: str, path: str, method: str = "GET", **headers: str
) -> dict[str, str]:
    """The answer's status and headers."""
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    pairs = [(b"host", b"127.0.0.1"), *((n.encode(), v.encode()) for n, v in headers.items())]
    scope = {"type": "http", "method": method, "path": path, "headers": pairs}
    await app({**scope, "client": (address, 5)}, receive, send)
    found = {name.decode(): value.decode() for name, value in told[0]["headers"]}
    return found | {"status": str(told[0]["status"])}


def count(app: ASGIApp, address: str, path: str, times: int, method: str = "GET", **headers) -> int:
    """How often an address was answered."""

    async def run() -> list[dict[str, str]]:
        return [await ask(app, address, path, method, **headers) for _ in range(times)]

    answers = asyncio.run(run())
    refused = [answer for answer in answers if answer["status"] == "429"]
    assert all(int(answer["retry-after"]) >= 1 for answer in refused)
    return len(answers) - len(refused)


def test_one_address_asks_so_often_and_others_as_often() -> None:
    assert count(Guards(hello, Door(rate=0.001)), "192.0.2.1", "/api/search", 3, "POST") == 1
    guards = Guards(hello, Door(rate=1))
    for address in ("192.0.2.1", "192.0.2.2"):
        assert 4 <= count(guards, address, "/api/search", 30, "POST") < 30
        assert 20 <= count(guards, address, "/api/items", 200) < 200
        assert 200 <= count(guards, address, "/pictures/1", 1000) < 1000
        assert count(guards, address, "/api/health", 300) == 300
    assert count(guards, "127.0.0.1", "/api/search", 300, "POST") == 300
    assert count(Guards(hello, Door(rate=0)), "192.0.2.1", "/api/search", 300, "POST") == 300


def test_a_program_with_the_token_is_not_counted() -> None:
    guards = Guards(hello, Door(rate=1, token="t" * 20))
    known = {"authorization": "Bearer " + "t" * 20}
    assert count(guards, "192.0.2.1", "/api/items", 300, "POST", **known) == 300


def test_passwords_are_not_tried_for_ever() -> None:
    guards = Guards(hello, Door(credentials={"anna": "tulip"}))
    wrong, right = {"authorization": "Basic eDp5"}, {"authorization": "Basic YW5uYTp0dWxpcA=="}
    assert 30 <= count(guards, "192.0.2.1", "/", 100, **wrong) < 100
    assert count(guards, "192.0.2.1", "/", 1, **right) == 0
    assert count(guards, "192.0.2.1", "/", 300) == 300  # who tries none is only asked for one
    assert count(guards, "192.0.2.2", "/", 300, **right) == 300


def test_one_address_holds_half_of_the_places() -> None:
    async def run() -> None:
        free = asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            await free.wait()
            await hello(scope, receive, send)

        guards = Guards(slow)
        many = [
            asyncio.create_task(ask(guards, "192.0.2.1", "/api/search", "POST")) for _ in range(9)
        ]
        for _ in range(5):
            await asyncio.sleep(0)
        other = asyncio.create_task(ask(guards, "192.0.2.2", "/api/search", "POST"))
        await asyncio.sleep(0.05)
        free.set()
        statuses = [answer["status"] for answer in await asyncio.gather(*many)]
        assert sorted(statuses) == ["200"] * 5 + ["429"] * 4
        assert (await other)["status"] == "200"
        assert (await ask(guards, "192.0.2.1", "/api/search", "POST"))["status"] == "200"

    asyncio.run(run())


def test_who_asks_for_many_originals_waits_for_itself() -> None:
    inside: list[str] = []

    async def run() -> None:
        free = asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            inside.append(scope["path"])
            await free.wait()
            await hello(scope, receive, send)

        guards = Guards(slow, Door(rate=100))

        async def begun(address: str, paths: list[str]) -> list[asyncio.Task[dict[str, str]]]:
            asked = [asyncio.create_task(ask(guards, address, path)) for path in paths]
            await asyncio.sleep(0.05)
            return asked

        many = await begun("192.0.2.1", [f"/pictures/{n}/info.json" for n in range(300)])
        assert inside == ["/pictures/0/info.json"]
        other = await begun("192.0.2.2", ["/pictures/7/full/max/0/default.jpg"] * 3)
        assert inside[1:] == ["/pictures/7/full/max/0/default.jpg"]
        rest = await begun("192.0.2.1", ["/pictures/1", "/ready", "/api/items"])
        assert inside[2:] == ["/pictures/1", "/ready", "/api/v1/items"]
        free.set()
        statuses = [answer["status"] for answer in await asyncio.gather(*many)]
        assert sorted(statuses) == ["200"] * 256 + ["429"] * 44
        assert {answer["status"] for answer in await asyncio.gather(*other, *rest)} == {"200"}

    asyncio.run(run())


@pytest.mark.parametrize(
    ("query", "large"),
    [
        ("", False), ("size=512", False), ("v=1&size=16", False), ("size=513", True),
        ("size=16&size=4096", True), ("size=%34096", True), ("size=+600", True), ("size=x", True),
    ],
)  # fmt: skip
def test_pictures_larger_than_previews_wait_for_each_other(query: str, large: bool) -> None:
    gate = Gates().of("GET", "/pictures/5", query.encode(), None)
    assert (gate is not None) is large


@pytest.mark.parametrize("named", [True, False])
def test_only_a_named_proxy_says_who_asks(named: bool) -> None:
    seen: list[str] = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            seen.append(scope["client"][0])
            await hello(scope, receive, send)

    port, proxies = free_port(), ["127.0.0.1"] if named else []
    options = {"proxy_headers": bool(proxies), "forwarded_allow_ips": proxies}
    with serving(Guards(note, Door(rate=1)), port, **options):
        address = f"http://127.0.0.1:{port}/api/search"
        forwarded = {"x-forwarded-for": "127.0.0.1, 192.0.2.9"}
        answers = [httpx.post(address, headers=forwarded).status_code for _ in range(8)]
    assert {*seen} == {"192.0.2.9" if named else "127.0.0.1"}
    assert (429 in answers) is named


def test_a_rate_is_a_number() -> None:
    for rate in (-1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="rate"):
            Door(rate=rate)
