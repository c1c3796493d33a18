"""`python -m tools.check`: every security checker, on each stack as it is deployed.

Runs five cdk-nag packs, CloudFormation Validate, cfn-lint and checkov, and compares the list of
acknowledged rules in docs/security.md (`--write` brings it up to date). Exits with 1 when anything
is found that no construct acknowledges, or when a construct acknowledges what nobody finds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cdk_nag
from aws_cdk import CloudFormationValidatePlugin, Validations

from tap import build_app
from tools.acknowledgements import PAGE, Acknowledgement, listed, page

_ROOT = Path(__file__).parent.parent
_PACKS = (
    cdk_nag.AwsSolutionsChecks,
    cdk_nag.ServerlessChecks,
    cdk_nag.HIPAASecurityChecks,
    cdk_nag.NIST80053R5Checks,
    cdk_nag.PCIDSS321Checks,
)
# Found only on a machine whose Python is not the newest that Lambda offers.
_DEPENDS_ON_MACHINE = {"AwsSolutions-L1", "Serverless-LambdaLatestVersion"}


# What is synthesized, with which context.
_APPS = {
    "dev": {"environmentSuffix": "dev"},
    "prod": {"environmentSuffix": "prod"},
    "edge": {"environmentSuffix": "prod", "edge": "true"},
    "delivery": {"delivery": "octocat/tap"},
    "previews": {"delivery": "octocat/tap", "deliveryEnvironments": "preview"},
}


class Finding(NamedTuple):
    """One rule broken at one place; excused when a construct acknowledges it."""

    tool: str
    rule: str
    place: str
    excused: bool


def synthesize(folder: Path, **settings: str) -> Iterator[Finding]:
    """Synthesize every stack into `folder`, under cdk-nag and CloudFormation Validate."""
    context = json.loads((_ROOT / "cdk.json").read_text("utf-8"))["context"]
    context |= {**settings, "aws:cdk:enable-path-metadata": True}
    app = build_app(outdir=str(folder), context=context)
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
                    place = construct.get("constructPath", folder.name)
                    yield Finding(plugin["pluginName"], violation["ruleName"], place, excused)


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


def _answer(command: list[str]) -> Any:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_ROOT)
    try:
        return json.loads(ran.stdout)
    except ValueError:
        sys.exit(f"{Path(command[0]).name} gave no report: {ran.stderr.strip()[-500:]}")


def main(arguments: list[str] | None = None) -> int:
    """Run every checker and print a line for each finding, then a table."""
    parser = argparse.ArgumentParser(prog="python -m tools.check")
    parser.add_argument("--write", action="store_true", help="write the list in docs/security.md")
    write = parser.parse_args(arguments).write
    # Hyphens, because checkov takes 40 letters, digits and slashes in a row for a secret key.
    with tempfile.TemporaryDirectory(prefix="tap-check-") as name:
        findings, acknowledged = _examine(Path(name))
    faults = [f"{each.tool}: {each.rule} at {each.place}" for each in findings if not each.excused]
    met = {each.rule for each in findings if each.excused} | _DEPENDS_ON_MACHINE
    faults += [
        f"{each.construct}: {each.rule} is acknowledged but nothing breaks it; remove it"
        for each in sorted(acknowledged)
        if each.rule not in met
    ]
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
    for name, settings in _APPS.items():
        print(
            f"synthesizing {name} under five cdk-nag packs and CloudFormation Validate",
            flush=True,
        )
        findings += synthesize(folder / name, **settings)
        acknowledged |= listed(folder / name)
    templates = [str(path) for path in sorted(folder.glob("*/*.template.json"))]
    for name, run in (("cfn-lint", lint), ("checkov", run_checkov)):
        print(f"running {name} on {len(templates)} templates", flush=True)
        findings += run(templates)
    return findings, acknowledged


def _show(findings: list[Finding], faults: list[str]) -> None:
    counts = Counter((each.tool, each.excused) for each in findings)
    print(f"\n{'checker':<34}{'found':>7}{'excused':>9}")
    for tool in dict.fromkeys([*(finding.tool for finding in findings), "cfn-lint"]):
        print(f"{tool:<34}{counts[tool, False]:>7}{counts[tool, True]:>9}")
    print(*faults, f"{len(faults)} unacknowledged findings ({len(_PACKS)} cdk-nag packs)", sep="\n")


if __name__ == "__main__":
    sys.exit(main())
