"""How do the real stacks get onto the local cloud?
By the real CDK CLI: bootstrap once, then deploy all stacks.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from local import leftovers
from local.errors import LocalCloudError
from local.state import StateDir
from local.tools import PROJECT, cdk, search_path

TARGET = "aws://000000000000/us-east-1"
# What the CLI prints that tells a person how far it is.
PROGRESS = re.compile(r"^\s*(✅|✨\s+Synthesis|❌)|: (deploying|creating CloudFormation)")
APP_FAILED = "Subprocess exited with error 1"


def deploy(
    state: StateDir,
    env: Mapping[str, str],
    context: Mapping[str, str],
    app: str | None,
    say: Callable[[str], None],
) -> dict[str, str]:
    """`app`: a command other than cdk.json's, or what was synthesized before, a folder."""
    node, program = cdk()
    state.deploy_log.write_text("")
    state.outputs.unlink(missing_ok=True)
    settings = [word for key, value in context.items() for word in ("-c", f"{key}={value}")]
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **env,
        leftovers.MARK: str(state.root),
        "PATH": search_path(),
        "JSII_NODE": node,
        "TMPDIR": str(state.temporary),
        "CDK_HOME": str(
            state.temporary / "cdk-home"
        ),  # caches and notices, else in the person's home
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }
    if "JSII_RUNTIME_PACKAGE_CACHE_ROOT" not in variables:
        variables["JSII_RUNTIME_PACKAGE_CACHE_ROOT"] = str(PROJECT / ".build" / "jsii")
    common = [node, program, "--no-notices", "--no-color", "--ci"]
    quietly = ["--require-approval", "never", "--progress", "events"]
    source = ["--app", app] if app else []

    if app and Path(app).is_dir():
        shutil.rmtree(state.assembly, ignore_errors=True)
        shutil.copytree(app, state.assembly)
    else:
        say("  synthesizing the stacks (up to half a minute)")
        # Not left to `bootstrap`: for that command the CLI skips bundling,
        # and assets would be the whole project.
        synth = [*common, "synth", "--quiet", *source, *settings, "--output", str(state.assembly)]
        _run(synth, variables, state, say)
    say("  bootstrapping the account")
    _run([*common, "bootstrap", TARGET, "--app", str(state.assembly)], variables, state, say)
    say("  deploying the stacks")
    _run(
        [
            *common,
            "deploy",
            "--app",
            str(state.assembly),
            "--all",
            *quietly,
            "--outputs-file",
            str(state.outputs),
        ],
        variables,
        state,
        say,
    )
    written = json.loads(state.outputs.read_text()) if state.outputs.exists() else {}
    return {name: value for stack in written.values() for name, value in stack.items()}


def _run(
    command: list[str], variables: dict[str, str], state: StateDir, say: Callable[[str], None]
) -> None:
    """Runs one command of the CLI;
    all it prints goes to the log, what tells of progress to the person.
    """
    started, lines = time.monotonic(), []
    with state.deploy_log.open("a") as log:
        log.write(f"$ {shlex.join(command)}\n")
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                log.write(line)
                log.flush()
                lines.append(line.strip())
                if PROGRESS.search(line):
                    say(f"    {line.strip()} ({time.monotonic() - started:.0f} s)")
            failed = process.wait() != 0
        finally:
            if process.poll() is None:  # Ctrl-C: the CLI and the app below it end with us
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if failed:
        raise LocalCloudError(
            f"The deployment failed: {_complaint(lines)} (all of it: {state.deploy_log})"
        )


def _complaint(lines: list[str]) -> str:
    """The CLI's own complaint; where the app itself failed, the last line of its output."""
    output = [line for line in lines if line and not line.endswith(APP_FAILED)]
    complaints = [line.lstrip("❌ ") for line in output if line.startswith("❌")]
    return (complaints[:1] or output[-1:] or ["the CDK CLI printed nothing"])[0]
