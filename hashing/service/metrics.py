"""What the server has done, in Prometheus's text format, and a log of every request."""

import json
import logging
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hashing.service.unknown import METHODS

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds; upper bounds (included) of the histogram's buckets."""

access = logging.getLogger("arthash.access")


def log_access() -> None:
    """Write the log to standard error."""
    access.addHandler(logging.StreamHandler())
    access.setLevel(logging.INFO)
    access.propagate = False


@dataclass(frozen=True)
class Seen:
    """One request. path: as it came; route: the pattern that answered it, or `other`."""

    method: str
    path: str
    route: str
    status: int
    seconds: float
    bytes: int
    client: str
    request_id: str

    def line(self) -> str:
        """As one JSON object."""
        values = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "ms": round(self.seconds * 1000, 2),
            "bytes": self.bytes,
            "client": self.client,
            "request_id": self.request_id,
        }
        return json.dumps(values)


@dataclass
class Metrics:
    """Counts of one process since it started; used from the event loop alone."""

    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    buckets: Counter[tuple[str, float]] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def note(self, seen: Seen) -> None:
        """Count a request, and log it where the log is read.

        Visitors may call a method anything: of what none is called, one number is kept.
        """
        method = seen.method if seen.method in (*METHODS, "HEAD") else "other"
        self.requests[method, seen.route, seen.status] += 1
        self.seconds[seen.route] += seen.seconds
        bound = next((bound for bound in BOUNDS if seen.seconds <= bound), float("inf"))
        self.buckets[seen.route, bound] += 1
        access.info("%s", seen.line())

    def text(self, gauges: dict[str, float]) -> str:
        """All of it. gauges: further values by name."""
        lines = ["# HELP arthash_requests_total Requests answered."]
        lines.append(_type("requests_total", "counter"))
        for (method, route, status), count in sorted(self.requests.items()):
            labels = _labels(method=method, route=route, status=str(status))
            lines.append(f"arthash_requests_total{labels} {count}")
        lines.append("# HELP arthash_request_seconds How long the answers took.")
        lines.append(_type("request_seconds", "histogram"))
        for route in sorted(self.seconds):
            total = 0
            for bound in (*BOUNDS, float("inf")):
                total += self.buckets[route, bound]
                le = "+Inf" if bound == float("inf") else f"{bound:g}"
                lines.append(f"arthash_request_seconds_bucket{_labels(route=route, le=le)} {total}")
            seconds = f"{self.seconds[route]:.6f}"
            lines.append(f"arthash_request_seconds_sum{_labels(route=route)} {seconds}")
            lines.append(f"arthash_request_seconds_count{_labels(route=route)} {total}")
        for name, value in gauges.items():
            lines += [_type(name, "gauge"), f"arthash_{name} {value:g}"]
        return "\n".join(lines) + "\n"


def _type(name: str, kind: str) -> str:
    return f"# TYPE arthash_{name} {kind}"


def _labels(**values: str) -> str:
    pairs = (f'{name}="{value}"' for name, value in values.items())
    return "{" + ",".join(pairs) + "}"
