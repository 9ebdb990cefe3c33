"""The container and Compose files, read by a parser; no container engine runs in the tests."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed: the extra [train]")

from hashing.cli.serve import parsed  # noqa: E402

ROOT = Path(__file__).parent.parent
NOTED = (ROOT / "Containerfile").read_text(encoding="utf-8")


@pytest.fixture
def services() -> dict[str, Any]:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["services"]
    return found


def test_what_is_copied_is_there_and_is_let_in() -> None:
    lines = [line.split()[1:-1] for line in NOTED.splitlines() if line.startswith("COPY ")]
    sources = [name for line in lines for name in line]
    assert sources
    for ignored in (".containerignore", ".dockerignore"):
        rules = (ROOT / ignored).read_text(encoding="utf-8").splitlines()
        assert rules[0] == "*"
        for name in sources:
            assert (ROOT / name).exists(), name
            assert f"!{name}" in rules, (ignored, name)


def test_its_extras_are_ours_and_it_is_nobody_special() -> None:
    (asked,) = re.findall(r'-e "\.\[([\w,]+)\]" -c constraints\.txt', NOTED)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(asked.split(",")) <= set(project["optional-dependencies"])
    assert re.search(r"^USER (?!root)", NOTED, re.MULTILINE)
    (command,) = re.findall(r"^CMD (.+)$", NOTED, re.MULTILINE)
    serve, *arguments = json.loads(command)
    assert serve == "serve.py"
    assert parsed(arguments).host == "0.0.0.0"


def test_what_is_built_is_what_is_served(services: dict[str, Any]) -> None:
    (given,) = re.findall(r"\$\{INDEX:-(.+)\}", services["page"]["command"][1])
    assert f'--out "{given}"' in (ROOT / "compose.yaml").read_text(encoding="utf-8")


def test_only_the_page_is_reachable_and_from_this_machine_alone(services: dict[str, Any]) -> None:
    assert set(services) == {"page", "rows", "codes"}
    assert services["page"]["ports"] == ["127.0.0.1:7860:7860"]
    assert not any("ports" in services[name] for name in ("rows", "codes"))
    assert all(":?" in services[n]["environment"][key] for n, key in (
        ("page", "PGPASSWORD"), ("rows", "POSTGRES_PASSWORD")
    ))  # fmt: skip
    for name in services["page"]["depends_on"]:
        assert services[name]["healthcheck"]["test"]


def test_the_page_is_served_from_the_two_servers(services: dict[str, Any]) -> None:
    from hashing.store import read_location

    command = services["page"]["command"]
    assert command[0] == "serve.py"
    assert parsed(command[1:]).host == "0.0.0.0"
    (given,) = re.findall(r"\$\{INDEX:-(.+)\}", command[1])
    location = read_location(given)
    assert (location.store, location.name) == ("postgresql", "art")
    assert "@rows/" in location.address
    assert location.engine.startswith("milvus+http://codes:19530/")


def test_the_job_of_kubernetes_tells_each_pod_its_part() -> None:
    text = (ROOT / "examples/shards/kubernetes.yaml").read_text(encoding="utf-8")
    (job,) = yaml.safe_load_all(text)
    assert job["spec"]["completionMode"] == "Indexed"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    count = {each["name"]: each.get("value") for each in container["env"]}["WORLD_SIZE"]
    assert count == str(job["spec"]["completions"])
