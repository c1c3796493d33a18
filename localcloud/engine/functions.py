"""Lambda functions with an interpreter, an environment and a memory limit of their own.

Changes: A Python function runs in the bare interpreter (no site-packages) of this machine, with the
    variables that Lambda documents. Its log is known to be complete by a mark, without waiting. One
    that is debugged (`debugged.py`) waits for its editor, and has no timeout.
Original: It runs with the emulator's interpreter, packages and environment, so that a dependency
    missing from a package stays hidden; each log is waited for, 50 ms.
Fault: the emulator's; its worker would mark the end of a call's log as it frames answers, and would
    start with Lambda's variables instead of the emulator's own.
Ours: the bare interpreter and the limit of memory, to find here what a package lacks; the debugger.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import contextlib
import queue
import sys
import time
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

from localcloud import debugged
from localcloud.cloud import Cloud
from localcloud.engine.internals import need, unlike, wrap

_LAUNCHER = """\
#!/bin/sh
# Starts one execution environment: $1 is the emulator's worker script in the worker's own folder.
# MemorySize bounds the heap; a platform without that limit runs without it.
work=$(dirname "$1")
mkdir -p "$work/tmp"
if [ -f "{debugged}/$AWS_LAMBDA_FUNCTION_NAME" ]; then
    # Its lines are the arguments before the worker's.
    IFS='
'
    set -- "{debugger}" $(cat "{debugged}/$AWS_LAMBDA_FUNCTION_NAME") "$LAMBDA_TASK_ROOT" "$1"
else
    ulimit -d $((AWS_LAMBDA_FUNCTION_MEMORY_SIZE * 1024)) 2>/dev/null
fi
exec env -i PATH=/usr/local/bin:/usr/bin:/bin LANG=en_US.UTF-8 TZ=:UTC TMPDIR="$work/tmp" \\
    AWS_ENDPOINT_URL="{endpoint}" AWS_CA_BUNDLE="{authority}" SSL_CERT_FILE="{authority}" \\
    AWS_EC2_METADATA_DISABLED=true AWS_EXECUTION_ENV="AWS_Lambda_{runtime}" \\
    AWS_LAMBDA_INITIALIZATION_TYPE=on-demand {told} \\
    "{python}" -I -S -B -X utf8 "$@"
"""

# The variables that the emulator gives its worker and a function is to have.
_TOLD = (
    *("AWS_REGION", "AWS_DEFAULT_REGION", "LAMBDA_TASK_ROOT", "AWS_LAMBDA_LOG_STREAM_NAME"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION"),
    *("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "_LAMBDA_FUNCTION_ARN", "_LAMBDA_TIMEOUT"),
)
# Written to stderr after each answer, so that its log is known to be complete without waiting.
_END_OF_LOG = "\x1eend-of-log"
_ANSWERED = "        _real_stdout.flush()\n\nrun()"
_LOG_ENDS = (
    f"        sys.stderr.flush(); sys.__stderr__.write({_END_OF_LOG + chr(10)!r}); "
    "sys.__stderr__.flush()\n"
)
_LOG_PATIENCE_SECONDS = 0.25
_A_DAY = 24 * 3600


def install(cloud: Cloud) -> None:
    """Make every Python function run in the interpreter and environment described above."""
    script = need(lambda_runtime, "_PYTHON_WORKER_SCRIPT")
    if script.count(_ANSWERED) != 1:
        raise unlike("the script of its Python workers ends otherwise")
    worker = _found_last(cloud.app.sdk) + script.replace(_ANSWERED, _LOG_ENDS + _ANSWERED)
    launcher = str(_write_launcher(cloud))
    told = debugged.folder(cloud.home)

    def runtime_binary(detect: Any, runtime: str) -> Any:
        return (launcher, worker) if runtime.startswith("python") else detect(runtime)

    wrap(lambda_runtime, "_detect_runtime_binary", runtime_binary)

    def invoke(original: Any, worker: Any, *given: Any, **named: Any) -> Any:
        if not (told / worker.func_name).exists():
            return original(worker, *given, **named)
        kept, worker.config = worker.config, {**worker.config, "Timeout": _A_DAY}
        try:
            return original(worker, *given, **named)
        finally:
            worker.config = kept

    wrap(lambda_runtime.Worker, "invoke", invoke)
    wrap(lambda_runtime.Worker, "_drain_stderr_bounded", _drain_log)


def _found_last(sdk: Path | None) -> str:
    """Python that lets a function import the runtime's packages, after those of its own."""
    return f"import sys; sys.path.append({str(sdk)!r})\n" if sdk else ""


def _write_launcher(cloud: Cloud) -> Path:
    launcher = cloud.home / "run" / "start-function"
    launcher.parent.mkdir(exist_ok=True)
    launcher.write_text(
        _LAUNCHER.format(
            endpoint=cloud.endpoint,
            authority=cloud.authority,
            debugged=debugged.folder(cloud.home),
            debugger=debugged.__file__,
            python=getattr(sys, "_base_executable", sys.executable),
            told=" ".join(f'{name}="${name}"' for name in _TOLD),
            runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        ),
        encoding="utf-8",
    )
    launcher.chmod(0o700)
    return launcher


def _drain_log(drain: Any, worker: Any, *given: Any, **named: Any) -> str:
    if str(worker.config.get("Runtime", "")).startswith("python"):
        return _read_log(need(worker, "_stderr_queue"))
    return str(drain(worker, *given, **named))


def _read_log(lines: "queue.Queue[str]") -> str:
    """Everything the function wrote since its last answer.

    The emulator would wait 50 ms for a first line and 5 ms after the last one. A worker that died
    writes no end mark: then a quarter of a second bounds the wait.
    """
    log: list[str] = []
    deadline = time.monotonic() + _LOG_PATIENCE_SECONDS
    mark = ""
    with contextlib.suppress(queue.Empty):
        while not mark:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            text, mark, _ = line.partition(_END_OF_LOG)
            log += [text] if text or not mark else []
    return "\n".join(log)
