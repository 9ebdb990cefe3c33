"""A program that uses the HTTP API: search with a picture, then by taste.

    python serve.py INDEX                 # in one terminal
    python examples/client.py my.jpg      # in another

Needs httpx (`pip install httpx`). Every route is described at http://127.0.0.1:7860/docs.
"""

import argparse
from pathlib import Path
from typing import Any

import httpx

Works = list[dict[str, Any]]


def main() -> None:
    """Print what is like a picture, and what somebody would like who likes the first two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--server", default="http://127.0.0.1:7860")
    options = parser.parse_args()
    with httpx.Client(base_url=options.server, timeout=30) as client:
        found = search(client, options.picture, k=5)
        show("Like your picture", found)
        liked = [work["id"] for work in found[:2]]
        show("For whom likes the first two", recommend(client, liked, k=5))


def search(client: httpx.Client, picture: Path, **refine: object) -> Works:
    """The works nearest to a picture; `refine` takes k, diversity, columns and the rest."""
    files = {"picture": picture.read_bytes()}
    return answer(client.post("/api/search", params=refine, files=files))  # type: ignore[arg-type]


def recommend(client: httpx.Client, liked: list[int], **refine: object) -> Works:
    """Works for a taste."""
    return answer(client.post("/api/recommend", json={"liked": liked, **refine}))


def answer(response: httpx.Response) -> Works:
    """The results, or the server's own words for what went wrong."""
    if response.is_error:
        raise SystemExit(response.json()["error"]["message"])
    works: Works = response.json()["results"]
    return works


def show(heading: str, works: Works) -> None:
    """One line a work."""
    print(heading)
    for work in works:
        label = [work["title"] or work["file"], work["creator"], work["year"]]
        told = ", ".join(str(part) for part in label if part)
        print(f"  {work['rank']:2}  {told} ({work['closeness']})")


if __name__ == "__main__":
    main()
