"""What a result needs beside it to be trusted: configuration, code, hardware, versions."""

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision

from hashing import __version__
from hashing.config import Config

PACKAGE = Path(__file__).parents[1]


def plain(value: Any) -> Any:
    """Configuration as JSON and YAML know it: paths as text, tuples as lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(member) for member in value]
    return str(value) if isinstance(value, Path) else value


def plain_config(config: Config) -> dict[str, Any]:
    """Every setting of a run; `config.yaml` and `metrics.json` hold this."""
    values: dict[str, Any] = plain(asdict(config))
    return values


def public_config(config: Config) -> dict[str, Any]:
    """The settings without the places of this machine: what is published beside a model."""
    values = plain_config(config)
    values["data"] |= {"root": None, "metadata": None}
    values["distillation"]["unlabelled"] = None
    values["model"]["weights"] = " + ".join(map(_public, map(Path, config.model.origins)))
    starts = [_public(folder) for folder in config.starts]
    values["start"] = starts if len(starts) > 1 else next(iter(starts), None)
    values["teacher"] = config.teacher and _public(config.teacher)
    return values


def _public(folder: Path) -> str:
    """Within the current folder as a command names it, else its end: the rest is this machine's."""
    within = not folder.is_absolute() and ".." not in folder.parts
    return folder.as_posix() if within else "/".join(folder.parts[-2:])


def provenance(device: torch.device) -> dict[str, Any]:
    """Commit, versions and hardware."""
    return {
        "commit": commit(),
        "versions": {
            "arthash": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "numpy": np.__version__,
        },
        "hardware": {
            "device": (
                torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
            ),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
        },
    }


def commit() -> str | None:
    """The checkout's commit, marked where files differ from it; None outside a checkout."""
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=PACKAGE,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip()


def processor() -> str:
    """The processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def surroundings() -> dict[str, str]:
    """What must be equal for a resumed run to be equal to the last bit."""
    return {"torch": str(torch.__version__), "threads": str(torch.get_num_threads())}
