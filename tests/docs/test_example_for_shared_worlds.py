"""docs/examples/shared, as far as it goes without Docker and Kubernetes."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockbatch.cli.serve import serve
from tests.support.documents import Page
from tests.support.processes import processes_serving
from tests.support.redis_server import redis_server

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs/examples/shared"
COMPOSE: dict[str, Any] = yaml.safe_load((EXAMPLE / "compose.yaml").read_text())
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all((EXAMPLE / "kubernetes.yaml").read_text()))


def kubernetes(kind: str, name: str) -> dict[str, Any]:
    """Return the object of this kind and name."""
    [found] = [one for one in OBJECTS if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def pod(kind: str, name: str) -> dict[str, Any]:
    """Return the spec of the pods of an object."""
    spec: dict[str, Any] = kubernetes(kind, name)["spec"]["template"]["spec"]
    return spec


def environments() -> Iterator[Mapping[str, str]]:
    """Yield the variables of mockbatch in both files."""
    yield COMPOSE["services"]["mockbatch"]["environment"]
    [container] = pod("Deployment", "mockbatch")["containers"]
    yield {variable["name"]: variable["value"] for variable in container["env"]}


@pytest.mark.parametrize("variables", list(environments()))
def test_variables_are_those_of_serve(
    variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`mockbatch serve` has an option for each, which takes the value."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    values = serve.make_context("serve", []).params
    assert values["state"] == variables["MOCKBATCH_STATE"]
    assert all(name.removeprefix("MOCKBATCH_").lower() in values for name in variables)


def test_there_are_three_replicas() -> None:
    """Each file starts three servers."""
    assert COMPOSE["services"]["mockbatch"]["deploy"]["replicas"] == 3
    assert kubernetes("Deployment", "mockbatch")["spec"]["replicas"] == 3


def test_each_replica_has_a_port_on_this_machine_only() -> None:
    """Whoever reaches the mock can do anything with it."""
    [port] = COMPOSE["services"]["mockbatch"]["ports"]
    host, first, last, inside = re.fullmatch(r"([\d.]+):(\d+)-(\d+):(\d+)", port).groups()
    assert (host, inside, int(last) - int(first) + 1) == ("127.0.0.1", "8787", 3)


def test_the_store_has_the_name_that_the_servers_use() -> None:
    """The host in MOCKBATCH_STATE is a service of the same file."""
    compose, cluster = (re.findall("//(.*):", one["MOCKBATCH_STATE"]) for one in environments())
    assert set(compose) < set(COMPOSE["services"])
    assert kubernetes("Service", *cluster)["spec"]["ports"][0]["port"] == 6379


def test_each_service_selects_pods_with_its_port() -> None:
    """A service leads to a named port of the pods that have its label."""
    workloads = [one for one in OBJECTS if "template" in one["spec"]]
    for service in (one for one in OBJECTS if one["kind"] == "Service"):
        selector = service["spec"]["selector"]
        templates = [one["spec"]["template"] for one in workloads]
        [chosen] = [one for one in templates if one["metadata"]["labels"] == selector]
        ports = {port["name"] for port in chosen["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_kubernetes_sets_no_variables_of_its_own() -> None:
    """A service named mockbatch would set MOCKBATCH_PORT to an address."""
    assert pod("Deployment", "mockbatch")["enableServiceLinks"] is False


def test_the_image_has_what_the_store_needs() -> None:
    """The Dockerfile installs the extra for Redis."""
    assert re.search(r"\[[\w,-]*\bredis\b", (ROOT / "Dockerfile").read_text())


@pytest.mark.slow
def test_servers_with_this_redis_share_their_worlds(tmp_path: Path) -> None:
    """Both files start Redis with options that it takes, and three servers answer as one."""
    command = COMPOSE["services"]["redis"]["command"]
    [container] = pod("StatefulSet", "mockbatch-redis")["containers"]
    assert container["args"] == command
    with (
        redis_server(tmp_path, *command[1:]) as redis,
        processes_serving(3, redis.url) as servers,
    ):
        file_id = servers[0].upload("sk-shared")
        batch = servers[1].create("sk-shared", file_id).json
        assert servers[2].get("sk-shared", f"/v1/batches/{batch['id']}")["id"] == batch["id"]


@pytest.mark.slow
def test_commands_of_the_readme_show_that_worlds_are_shared(tmp_path: Path) -> None:
    """What is created on one server and completed on another is read from a third."""
    if not shutil.which("curl"):
        pytest.skip("there is no curl")
    with redis_server(tmp_path) as redis, processes_serving(3, redis.url) as servers:
        replies = []
        for line in Page("docs/examples/README.md").commands("curl"):
            for published, server in zip((8787, 8788, 8789), servers, strict=True):
                line = line.replace(f"127.0.0.1:{published}", f"127.0.0.1:{server.port}")
            command = f"{line} --silent --fail-with-body --noproxy '*'"
            done = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
            replies.append(json.loads(done.stdout))
    created, _, listed = replies
    assert [(one["id"], one["status"]) for one in listed["data"]] == [(created["id"], "completed")]
