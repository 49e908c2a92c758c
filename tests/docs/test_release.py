"""What others take from this repository works: the release, the action, the hook of pre-commit."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockbatch import cli
from tests.support.plugin_runs import QUICK

ROOT = Path(__file__).parents[2]
RELEASE: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
JOBS: dict[str, Any] = RELEASE["jobs"]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
[STEP] = ACTION["runs"]["steps"]
[HOOK] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


class TestRelease:
    """The workflow that a tag starts."""

    def test_only_tags_release(self) -> None:
        """YAML takes the word `on` for true."""
        assert RELEASE[True] == {"push": {"tags": ["v*"]}}

    def test_nothing_is_published_untested(self) -> None:
        """Each job waits for the one before it."""
        needs = {name: job.get("needs") for name, job in JOBS.items()}
        assert needs == {"build": None, "test": "build", "publish": "test", "image": "publish"}

    def test_only_publishing_jobs_may_write(self) -> None:
        """And none has a password of its own."""
        assert RELEASE["permissions"] == {"contents": "read"}
        assert {name for name, job in JOBS.items() if "permissions" in job} == {"publish", "image"}
        assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text()

    def test_built_wheel_is_tested_everywhere(self) -> None:
        """On three systems, each with the wheel and without the package of the checkout."""
        matrix = JOBS["test"]["strategy"]["matrix"]
        assert {system.split("-")[0] for system in matrix["system"]} == {
            "ubuntu",
            "macos",
            "windows",
        }
        commands = [step["run"] for step in JOBS["test"]["steps"] if "run" in step]
        assert commands[:2] == ["pip install dist/*.whl openai pytest", "rm -r mockbatch"]

    def test_last_commands_of_the_test_job_pass(self) -> None:
        """The examples and the validation of a file, as far as their paths go."""
        *_, examples, validate = [step["run"] for step in JOBS["test"]["steps"] if "run" in step]
        assert (ROOT / examples.split()[-1]).is_dir()
        program, command, path = validate.split()
        assert (program, cli.main([command, str(ROOT / path)])) == ("mockbatch", 0)

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["ci", "release"])
    def test_examples_need_no_plugin_of_the_tests(self, name: str) -> None:
        """Where only pytest is installed, it knows all options that it reads."""
        workflow = (ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8")
        [arguments] = re.findall(r"- run: pytest (.*)", workflow)
        command = [sys.executable, "-m", "pytest", *QUICK, "-p", "no:timeout", "-p", "no:mockbatch"]
        done = subprocess.run(
            [*command, "--collect-only", *arguments.split()],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        assert "collected" in done.stdout
        assert "Unknown config option" not in done.stdout + done.stderr


class TestHook:
    """The hook of pre-commit."""

    @pytest.mark.parametrize(
        ("path", "status"), [("requests/embeddings.jsonl", 0), ("invalid/blank_line.jsonl", 1)]
    )
    def test_bad_file_stops_a_commit(self, path: str, status: int) -> None:
        """pre-commit adds the names of the files."""
        program, *command = shlex.split(HOOK["entry"])
        assert program == "mockbatch"
        assert cli.main([*command, str(ROOT / "fixtures" / path)]) == status


class TestAction:
    """The action of GitHub."""

    def test_inputs_reach_the_script(self) -> None:
        """By variables, so that none of them becomes part of the script."""
        assert STEP["env"] == {
            "OPTIONS": "${{ inputs.options }}",
            "PYTHON": "${{ inputs.python }}",
        }
        assert "${{" not in STEP["run"]

    def test_later_steps_find_the_server(self, tmp_path: Path) -> None:
        """By the variables of the SDK, with the options, and with the command on the path."""
        url, variables, path = run_action(tmp_path, "--port 0 --clock manual")
        try:
            assert variables["OPENAI_BASE_URL"] == f"{url}/v1"
            assert variables["OPENAI_API_KEY"] == "sk-mockbatch"
            clock = subprocess.run(
                ["curl", "--silent", "--noproxy", "*", f"{url}/_mock/clock"],
                capture_output=True,
                timeout=60,
                check=True,
            )
            assert json.loads(clock.stdout)["mode"] == "manual"
            assert (Path(path) / "mockbatch").exists()
        finally:
            ready = json.loads((tmp_path / "mockbatch/ready.json").read_text())
            os.kill(ready["pid"], signal.SIGTERM)

    def test_bad_option_fails_the_step(self, tmp_path: Path) -> None:
        """With what the server says of it."""
        with pytest.raises(subprocess.CalledProcessError) as failed:
            run_action(tmp_path, "--clock never")
        assert b"--clock" in failed.value.stderr


def run_action(folder: Path, options: str) -> tuple[str, dict[str, str], str]:
    """Run the script of the action as a runner does, and return what it leaves for later steps.

    In place of a Python, it gets a program that makes an environment from the tests' own: nothing
    has to be installed.
    """
    if not shutil.which("bash") or not shutil.which("curl"):
        pytest.skip("needs bash and curl")
    stand_in = folder / "python"
    own = Path(sys.executable).parent
    stand_in.write_text(
        f'#!/bin/sh\nmkdir -p "$3/bin" && ln -s {own}/mockbatch "$3/bin/mockbatch" && '
        'printf "#!/bin/sh\\n" > "$3/bin/pip" && chmod +x "$3/bin/pip"\n'
    )
    stand_in.chmod(0o755)
    names = {name: folder / name.lower() for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT")}
    environment = {
        **os.environ,
        **{name: str(path) for name, path in names.items()},
        "RUNNER_TEMP": str(folder),
        "GITHUB_ACTION_PATH": str(ROOT),
        "OPTIONS": options,
        "PYTHON": str(stand_in),
    }
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEP["run"]]
    subprocess.run(shell, env=environment, capture_output=True, timeout=60, check=True)
    variables, path, output = (names[name].read_text().strip() for name in names)
    pairs = (line.split("=", 1) for line in variables.splitlines())
    return output.removeprefix("url="), dict(pairs), path
