"""What all commands of `mockbatch` have in common: help, errors, completion, start."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

import mockbatch
from mockbatch import cli
from tests.support.commands import TIMEOUT_SECONDS, Run, environment, read_error, run_process


def test_installed_command_is_the_module() -> None:
    """`mockbatch` and `python -m mockbatch` print the same version."""
    installed = shutil.which("mockbatch", path=str(Path(sys.executable).parent))
    assert installed
    done = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{mockbatch.__version__}\n" == run_process("--version").stdout


class TestHelp:
    """`--help`, and a call without a command."""

    def test_it_lists_the_commands(self, run: Run) -> None:
        """Each has a line."""
        done = run("--help")
        commands = re.findall(r"^  ([a-z]+)  ", done.stdout, re.MULTILINE)
        assert (done.returncode, done.stderr) == (0, "")
        assert commands == ["contract", "faults", "scenarios", "serve", "survive", "validate"]

    def test_short_flag_is_the_same(self, run: Run) -> None:
        """-h is known to each command."""
        assert run("-h").stdout == run("--help").stdout
        assert run("serve", "-h").stdout == run("serve", "--help").stdout

    def test_call_without_a_command_prints_it(self, run: Run) -> None:
        """On stderr, and with status 2: nothing was done."""
        done = run()
        assert (done.returncode, done.stdout, done.stderr) == (2, "", run("--help").stdout)

    def test_it_names_each_variable(self, run: Run) -> None:
        """Each option of `serve` has a variable of the same name."""
        text = run("serve", "--help").stdout
        options = set(re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE))
        variables = {f"MOCKBATCH_{name[2:].replace('-', '_').upper()}" for name in options}
        assert len(options) > 10
        assert set(re.findall(r"MOCKBATCH_[A-Z_]+", text)) == variables

    def test_it_shows_defaults_but_no_keys(self, run: Run) -> None:
        """It never prints the value of a variable: others may see the screen."""
        text = run("serve", "--help", MOCKBATCH_API_KEY="sk-secret", MOCKBATCH_PACE="7").stdout
        assert "default: 60.0" in text
        assert "sk-secret" not in text


class TestCompletion:
    """Completion in a shell, as `mockbatch --help` describes it."""

    def complete(self, *words: str) -> list[str]:
        """Return what bash would offer for the last word."""
        variables = {"COMP_WORDS": " ".join(("mockbatch", *words)), "COMP_CWORD": str(len(words))}
        done = run_process(_MOCKBATCH_COMPLETE="bash_complete", **variables)
        assert done.stderr == ""
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_help_says_how_to_turn_it_on(self, run: Run, shell: str) -> None:
        """The variable of each line makes mockbatch print the script for that shell."""
        [setting] = re.findall(rf"{shell}  .*_MOCKBATCH_COMPLETE=(\w+) mockbatch", run("-h").stdout)
        done = run_process(_MOCKBATCH_COMPLETE=setting)
        # Click reads the version of bash, which need not be installed here.
        assert "mockbatch" in done.stdout or "bash" in done.stderr.lower()

    @pytest.mark.parametrize(
        ("words", "offered"),
        [
            (("se",), ["serve"]),
            (("serve", "--webhook-s"), ["--webhook-secret"]),
            (("serve", "--worlds", "p"), ["per-key"]),
            (("serve", "--scenario", "expired_p"), ["expired_partial"]),
            (("scenarios", "expired_p"), ["expired_partial"]),
            (("validate", "--endpoint", "/v1/emb"), ["/v1/embeddings"]),
        ],
    )
    def test_it_knows_commands_options_and_values(
        self, words: tuple[str, ...], offered: list[str]
    ) -> None:
        """Values are those of a choice, the scenarios and the endpoints."""
        assert self.complete(*words) == offered


class TestErrors:
    """Errors are one line on stderr, and status 2."""

    def test_unknown_command(self, run: Run) -> None:
        """The line names it."""
        assert "srve" in read_error(run("srve"))

    def test_error_names_its_command(self, run: Run) -> None:
        """As in `mockbatch serve: …`."""
        assert read_error(run("serve", "--nonsense")).startswith("mockbatch serve: ")

    def test_os_error_is_one_line(self, run: Run, tmp_path: Path) -> None:
        """A file that cannot be written is not a bug."""
        path = tmp_path / "nowhere" / "contract.xml"
        assert str(path) in read_error(run("contract", "http://127.0.0.1:1/v1", "--junit", path))

    def test_other_exceptions_are_not_swallowed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A ValueError that is a bug shows its traceback."""

        def fail(*_: object) -> str:
            raise ValueError("a bug")

        monkeypatch.setattr("mockbatch.scenarios.docs.markdown", fail)
        with pytest.raises(ValueError, match="a bug"):
            cli.main(["scenarios", "--markdown"])

    def test_ctrl_c_is_status_130(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a traceback."""

        def interrupt(*_: Any) -> str:
            raise KeyboardInterrupt

        monkeypatch.setattr("mockbatch.scenarios.docs.text", interrupt)
        assert (run("scenarios").returncode, run("scenarios").stderr) == (130, "")

    @pytest.mark.parametrize("arguments", [["scenarios"], ["scenarios", "--markdown"], ["--help"]])
    def test_a_reader_that_closes_the_pipe_is_no_error(self, arguments: list[str]) -> None:
        """As `| head` does: there is no traceback."""
        command = [sys.executable, "-m", "mockbatch", *arguments]
        with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, env=environment({})) as process:
            assert process.stdout
            process.stdout.close()
            _, stderr = process.communicate(timeout=TIMEOUT_SECONDS)
        assert stderr == b""
        assert process.returncode in (1, 128 + signal.SIGPIPE)


@pytest.mark.parametrize("module", ["flask", "jsonschema", "cheroot", "werkzeug", "argparse"])
def test_import_loads_no_library_before_a_command_needs_it(module: str) -> None:
    """`mockbatch --version` loads click alone."""
    code = f"import sys, mockbatch.cli; sys.exit({module!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=False)
    assert done.returncode == 0
