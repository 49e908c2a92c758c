"""docs/examples/docker, as far as it goes without Docker: what the containers would run, runs."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from tests.support.serving import Serving, serving

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs/examples/docker"
SERVICES: dict[str, Any] = yaml.safe_load((EXAMPLE / "compose.yaml").read_text())["services"]
# A service's name leads to this machine.
PRELUDE = """
import runpy, socket, sys
found = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: found(
    "127.0.0.1" if host == "mockbatch" else host, *rest, **more
)
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def instructions(*names: str) -> list[str]:
    """Return what follows these words in the Dockerfile, in order."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.partition(" ") for line in text.splitlines() if line and line[0] != "#"]
    return [rest.strip() for name, _, rest in lines if name in names]


def health_check(port: int) -> int:
    """Run the image's health check against a port of this machine, and return its status."""
    [line] = instructions("HEALTHCHECK")
    command = json.loads(line.partition("CMD ")[2])
    assert command[:2] == ["python", "-c"]
    program = command[2].replace("8787", str(port))
    return subprocess.run([sys.executable, "-c", program], timeout=30, check=False).returncode


def copy_sources(folder: Path) -> Path:
    """Copy to a folder what the Dockerfile copies into the image."""
    folder.mkdir()
    for line in instructions("COPY"):
        *sources, target = line.split()
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, folder / target)
            else:
                shutil.copy(ROOT / source, folder / target)
    return folder


def install(source: Path, site: Path) -> None:
    """Install a source into a folder; a machine without a network cannot, and may skip it."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--target", site, source],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if "No matching distribution found for setuptools" in done.stderr and not os.environ.get("CI"):
        pytest.skip("pip finds no setuptools to install with")
    assert done.returncode == 0, done.stderr


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Serve one status for everything, and yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Serve with the options of the compose file."""
    variables = SERVICES["mockbatch"]["environment"]
    options = [
        (f"--{name[10:].lower().replace('_', '-')}", text) for name, text in variables.items()
    ]
    with serving(tmp_path_factory.mktemp("docker"), *sum(options, ())) as served:
        yield served


class TestDockerfile:
    """The image."""

    def test_entry_point_serves_beyond_the_container(self) -> None:
        """And takes options: no client could reach the container's own loopback."""
        [line] = instructions("ENTRYPOINT")
        assert json.loads(line) == ["mockbatch", "serve", "--host", "0.0.0.0"]
        assert instructions("EXPOSE") == ["8787"]

    def test_server_runs_as_any_user(self) -> None:
        """The last user before the entry point is not root."""
        assert instructions("USER")[-1] not in ("root", "0")

    @pytest.mark.slow
    @pytest.mark.timeout(600)
    def test_what_is_copied_can_be_installed(self, tmp_path: Path) -> None:
        """No file that the installation needs, or the installed server, is left out."""
        install(copy_sources(tmp_path / "src"), tmp_path / "site")
        done = subprocess.run(
            [sys.executable, "-m", "mockbatch", "scenarios", "expired_partial"],
            cwd=tmp_path / "site",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout.startswith("expired_partial: "), done.stderr

    def test_health_check_passes_once_it_listens(self, served: Serving) -> None:
        """With status 0."""
        assert health_check(served.port) == 0

    @pytest.mark.parametrize("status", [403, 404, 500])
    def test_health_check_fails_for_another_answer(self, status: int) -> None:
        """Something listens, and it is not well."""
        with answering(status) as port:
            assert health_check(port) == 1

    def test_health_check_fails_while_nothing_listens(self) -> None:
        """With the status that Docker takes for unhealthy."""
        with answering(200) as port:
            pass
        assert health_check(port) == 1


class TestCompose:
    """The compose file."""

    def test_service_waits_for_the_health_check(self) -> None:
        """Which the image has."""
        waits = SERVICES["app"]["depends_on"]
        assert waits == {"mockbatch": {"condition": "service_healthy"}}
        assert instructions("HEALTHCHECK")

    def test_image_is_built_from_the_project(self) -> None:
        """The paths lead from the compose file to the root, and from there to the Dockerfile."""
        build = SERVICES["mockbatch"]["build"]
        context = EXAMPLE / build["context"]
        assert context.resolve() == ROOT
        assert (context / build.get("dockerfile", "Dockerfile")).samefile(ROOT / "Dockerfile")

    def test_port_is_published_on_this_machine_only(self) -> None:
        """Whoever reaches it can do anything with the mock."""
        assert SERVICES["mockbatch"]["ports"] == ["127.0.0.1:8787:8787"]

    @pytest.mark.slow
    def test_service_gets_its_results(self, served: Serving) -> None:
        """Under the name that the server has in the compose network, control API included."""
        app = SERVICES["app"]
        [volume] = app["volumes"]
        here, there, _ = volume.split(":")
        assert app["command"] == ["python", there]
        variables = {
            name: text.replace("8787", str(served.port))
            for name, text in app["environment"].items()
        }
        done = subprocess.run(
            [sys.executable, "-c", PRELUDE, EXAMPLE / here],
            env={**os.environ, "NO_PROXY": "mockbatch", "no_proxy": "mockbatch", **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said, *lines = done.stdout.splitlines()
        assert re.fullmatch(r"batch_\w+ is expired", said), done.stderr
        errors = [json.loads(line)["error"] for line in lines]
        assert errors.count(None) == 2
        assert [error["code"] for error in errors if error] == ["batch_expired"] * 3

    def test_webhooks_may_go_to_the_service(self) -> None:
        """By the name that it has in the compose network."""
        assert SERVICES["mockbatch"]["environment"]["MOCKBATCH_WEBHOOK_ALLOW_HOST"] in SERVICES
