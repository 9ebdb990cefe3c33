"""For those who look after the server: is it alive, is it ready, what has it done."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from hashing.service.context import Newest

router = APIRouter(include_in_schema=False, default_response_class=PlainTextResponse)


@router.get("/live")
async def live() -> str:
    """Answers while the process does; it needs no restart."""
    return "alive\n"


@router.get("/ready")
def ready(art: Newest) -> str:
    """Answers with 200 while the collection can be read, else with 503: send nobody here."""
    return f"ready, {len(art)} works\n"


@router.get("/metrics")
def metrics(request: Request, art: Newest) -> PlainTextResponse:
    """Counts since this process started, for Prometheus."""
    gauges = {"items": float(len(art)), "index_generation": float(art.info.generation)}
    return PlainTextResponse(
        request.app.state.metrics.text(gauges), media_type="text/plain; version=0.0.4"
    )
