"""`python -m tools.templates_diff BASE`: what this checkout would change in what BASE deploys.

Synthesizes both commits, `dev` and `prod` of each, and lets the CDK CLI compare the templates. No
account is asked and no credentials are needed, so a fork's pull request may run it. Written as
Markdown to `.build/templates-diff.md`, and to the summary of a job of GitHub Actions.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cli.project import APP
from localcloud import cdk

_ROOT = Path(__file__).parent.parent
_PAGE = _ROOT / ".build/templates-diff.md"
_SUFFIXES = ("dev", "prod")
_LONGEST = 60_000  # characters; GitHub takes 65,536 of a comment
# What a checkout has besides its files, which both commits are synthesized with.
_INSTALLED = (".venv", "node_modules", ".build/site", ".build/packages")


def changes(before: Path, after: Path) -> Iterator[tuple[str, str]]:
    """Yield each stack that differs between two cloud assemblies, with the CDK CLI's words."""
    for name in sorted(_stacks(before) | _stacks(after)):
        if name not in _stacks(after):
            yield name, "The stack is gone: nothing deploys or deletes it any more."
            continue
        template = before / f"{name}.template.json"
        if not template.exists():
            template = before / "none.json"
            template.write_text('{"Resources": {}}', "utf-8")
        arguments = [name, "--app", str(after), "--template", str(template), "--no-color"]
        ended = subprocess.run(
            cdk.command(APP, ["diff", *arguments, "--no-notices", "--fail"]),
            cwd=after,
            env=cdk.environment(_without_credentials()),
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            said = (ended.stdout + ended.stderr).strip()
            yield name, said.partition("\n\n\n")[0].removeprefix(f"Stack {name}\n")


def page(base: str, found: list[tuple[str, str]]) -> str:
    """Return the Markdown of what is different; cut where a comment would not take it."""
    lines = [f"### What this deploys differently from `{base[:12]}`", ""]
    if not found:
        lines.append("Nothing: the templates of every stack are the same, and so is the code.")
    for name, said in found:
        fence = "`" * 4
        lines += [f"<details><summary>{name}</summary>", "", f"{fence}text", said, fence, ""]
        lines += ["</details>", ""]
    text = "\n".join(lines).rstrip() + "\n"
    if len(text) > _LONGEST:
        whole = "\n````\n</details>\n\nCut: `make templates-diff` shows the rest.\n"
        text = text[: _LONGEST - len(whole)] + whole
    return text


def synthesize(checkout: Path, folder: Path, suffix: str) -> Path:
    """Synthesize a checkout's app for an environment, as its own `cdk.json` says."""
    context = json.loads((checkout / "cdk.json").read_text("utf-8"))["context"]
    given = {
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps({**context, "aws:cdk:enable-path-metadata": True}),
        "CDK_VALIDATION": "false",
        "ENVIRONMENT_SUFFIX": suffix,
    }
    environ = cdk.environment(_without_credentials() | given)
    subprocess.run([sys.executable, "tap.py"], cwd=checkout, env=environ, check=True)
    return folder


def main(arguments: list[str] | None = None) -> int:
    """Compare this checkout with the commit that is named; a failure to synthesize is one."""
    [base] = sys.argv[1:] if arguments is None else arguments
    with tempfile.TemporaryDirectory(prefix="tap-diff-") as name:
        folder = Path(name)
        checkout = folder / "base"
        _git("worktree", "add", "--quiet", "--detach", str(checkout), base)
        try:
            for installed in _INSTALLED:
                (checkout / installed).parent.mkdir(exist_ok=True)
                (checkout / installed).symlink_to(_ROOT / installed)
            found = []
            for suffix in _SUFFIXES:
                before = synthesize(checkout, folder / f"before-{suffix}", suffix)
                after = synthesize(_ROOT, folder / f"after-{suffix}", suffix)
                found += list(changes(before, after))
        finally:
            _git("worktree", "remove", "--force", str(checkout))
    text = page(base, found)
    _PAGE.parent.mkdir(exist_ok=True)
    _PAGE.write_text(text, "utf-8")
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text)
    print(text)
    return 0


def _stacks(assembly: Path) -> set[str]:
    return {path.name.removesuffix(".template.json") for path in assembly.glob("*.template.json")}


def _without_credentials() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=_ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
