"""Shards as tasks of a Ray cluster, which starts those that die again.

python examples/shards/with_ray.py MODEL PICTURES "postgresql://ann@host/art#paintings" [SHARDS]
"""

import subprocess
import sys
from typing import Any


def put_in(
    row: dict[str, Any], model: str, pictures: str, index: str, count: int
) -> dict[str, Any]:
    """Encode one shard; what is there already is not encoded again."""
    command = [sys.executable, "index.py", "build", "--model", model, "--images", pictures]
    subprocess.run([*command, "--out", index, "--shard", f"{row['id']}/{count}"], check=True)
    return row


def main() -> None:
    """All shards, then what is done once."""
    import ray.data

    model, pictures, index, *rest = sys.argv[1:]
    count = int(rest[0]) if rest else 8
    parts = ray.data.range(count, override_num_blocks=count)
    arguments = {"model": model, "pictures": pictures, "index": index, "count": count}
    parts.map(put_in, fn_kwargs=arguments, num_cpus=4, max_retries=10).materialize()
    subprocess.run([sys.executable, "index.py", "finish", index], check=True)


if __name__ == "__main__":
    main()
