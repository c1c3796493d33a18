"""`python -m tools.check`: every security checker, on the stacks as `dev` and `prod` deploy them.

Runs five cdk-nag packs, CloudFormation Validate, cfn-lint and checkov, and compares the list of
acknowledged rules in docs/security.md (`--write` brings it up to date). Exits with 1 when anything
is found that no construct acknowledges, or when a construct acknowledges what nobody finds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cdk_nag
from aws_cdk import CloudFormationValidatePlugin, Validations

from tap import build_app
from tools.acknowledgements import PAGE, Acknowledgement, listed, page

_ROOT = Path(__file__).parent.parent
_SUFFIXES = ("dev", "prod")
_PACKS = (
    cdk_nag.AwsSolutionsChecks,
    cdk_nag.ServerlessChecks,
    cdk_nag.HIPAASecurityChecks,
    cdk_nag.NIST80053R5Checks,
    cdk_nag.PCIDSS321Checks,
)
# Found only on a machine whose Python is not the newest that Lambda offers.
_DEPENDS_ON_MACHINE = {"AwsSolutions-L1", "Serverless-LambdaLatestVersion"}


@dataclass(frozen=True)
class Finding:
    """One rule broken at one place; excused when a construct acknowledges it."""

    tool: str
    rule: str
    place: str
    excused: bool


def synthesize(suffix: str, folder: Path) -> Iterator[Finding]:
    """Synthesize every stack into `folder`, under cdk-nag and CloudFormation Validate."""
    context = json.loads((_ROOT / "cdk.json").read_text("utf-8"))["context"]
    app = build_app(
        outdir=str(folder),
        context={
            **context,
            "environmentSuffix": suffix,
            "aws:cdk:enable-path-metadata": True,
        },
    )
    Validations.of(app).add_plugins(
        CloudFormationValidatePlugin(), *(pack(app, verbose=True) for pack in _PACKS)
    )
    try:
        app.synth()
    except RuntimeError as error:
        # Findings fail the synthesis; anything else is a fault to be seen whole.
        if "ValidationFailed" not in str(error):
            raise
    report = json.loads((folder / "validation-report.json").read_text("utf-8"))
    for plugin in report["pluginReports"]:
        for key, excused in (("violations", False), ("suppressedViolations", True)):
            for violation in plugin.get(key, []):
                for construct in violation["violatingConstructs"]:
                    yield Finding(
                        tool=plugin["pluginName"],
                        rule=violation["ruleName"],
                        place=construct.get("constructPath", suffix),
                        excused=excused,
                    )


def lint(templates: list[str]) -> Iterator[Finding]:
    """Run cfn-lint; its settings are in .cfnlintrc."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "json", *templates]
    for match in _answer(command):
        place = "/".join(str(part) for part in match["Location"]["Path"] or [])
        yield Finding("cfn-lint", match["Rule"]["Id"], place, excused=False)


def run_checkov(templates: list[str]) -> Iterator[Finding]:
    """Run checkov, without its look-ups on the network."""
    files = [argument for template in templates for argument in ("--file", template)]
    command = [str(_ROOT / ".venv-checkov/bin/checkov"), *files]
    options = ["--framework", "cloudformation", "--compact", "--skip-download", "--output", "json"]
    results = _answer([*command, *options])["results"]
    for key, excused in (("failed_checks", False), ("skipped_checks", True)):
        for check in results[key]:
            yield Finding("checkov", check["check_id"], check["resource"], excused)


def unused(acknowledged: set[Acknowledgement], findings: list[Finding]) -> Iterator[str]:
    """Name the rules that are acknowledged though nothing breaks them."""
    met = {finding.rule for finding in findings if finding.excused} | _DEPENDS_ON_MACHINE
    for each in sorted(acknowledged):
        if each.rule not in met:
            yield f"{each.construct}: {each.rule} is acknowledged but nothing breaks it; remove it"


def main(arguments: list[str] | None = None) -> int:
    """Run every checker and print a line for each finding, then a table."""
    parser = argparse.ArgumentParser(prog="python -m tools.check")
    parser.add_argument("--write", action="store_true", help="write the list in docs/security.md")
    write = parser.parse_args(arguments).write
    # Hyphens, because checkov takes 40 letters, digits and slashes in a row for a secret key.
    with tempfile.TemporaryDirectory(prefix="tap-check-") as name:
        findings, acknowledged = _examine(Path(name))
    faults = [f"{each.tool}: {each.rule} at {each.place}" for each in findings if not each.excused]
    faults += unused(acknowledged, findings)
    current = PAGE.read_text("utf-8")
    wanted = page(current, acknowledged)
    if write:
        PAGE.write_text(wanted, "utf-8")
    elif wanted != current:
        faults.append("docs/security.md is stale; run python -m tools.check --write")
    _show(findings, faults)
    return 1 if faults else 0


def _examine(folder: Path) -> tuple[list[Finding], set[Acknowledgement]]:
    findings: list[Finding] = []
    acknowledged: set[Acknowledgement] = set()
    for suffix in _SUFFIXES:
        _say(f"synthesizing {suffix} under five cdk-nag packs and CloudFormation Validate")
        findings += synthesize(suffix, folder / suffix)
        acknowledged |= listed(folder / suffix)
    templates = [str(path) for path in sorted(folder.glob("*/*.template.json"))]
    _say(f"running cfn-lint on {len(templates)} templates")
    findings += lint(templates)
    _say(f"running checkov on {len(templates)} templates")
    findings += run_checkov(templates)
    return findings, acknowledged


def _answer(command: list[str]) -> Any:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_ROOT)
    try:
        return json.loads(ran.stdout)
    except ValueError:
        sys.exit(f"{Path(command[0]).name} gave no report: {ran.stderr.strip()[-500:]}")


def _show(findings: list[Finding], faults: list[str]) -> None:
    packs = [pack.__name__ for pack in _PACKS]
    _say(f"\n{'checker':<34}{'found':>7}{'excused':>9}")
    for tool in dict.fromkeys([*(finding.tool for finding in findings), "cfn-lint"]):
        of_tool = [finding for finding in findings if finding.tool == tool]
        open_ones = sum(not finding.excused for finding in of_tool)
        _say(f"{tool:<34}{open_ones:>7}{len(of_tool) - open_ones:>9}")
    for fault in faults:
        _say(fault)
    _say(f"{len(faults)} unacknowledged findings ({len(packs)} cdk-nag packs)")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
