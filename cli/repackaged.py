"""Assembly of sources in which only code of functions was edited: a kept one with new packages.

An edit of a function's code changes nothing but digests: its package's in the templates, and a
template's in the manifests. So it takes no synthesis of seconds.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

from cli import project, stacks


def kept_assembly(fingerprint: str) -> Path:
    """Where the assembly of the present sources is kept: made of one that differs in code alone."""
    infrastructure = project.fingerprint(code=False)[:32]
    assemblies = project.ROOT / ".build/assemblies"
    wanted = assemblies / f"{infrastructure}-{fingerprint[:32]}"
    other = next(assemblies.glob(f"{infrastructure}-*"), wanted)
    if not wanted.exists() and other != wanted and (packages := _packages(other)):
        # If another process takes it or is first, the app is synthesized.
        with suppress(OSError), tempfile.TemporaryDirectory(dir=assemblies) as folder:
            made = other.rename(Path(folder) / "assembly")
            _put(made, packages)
            made.rename(wanted)
    return wanted


def _packages(assembly: Path) -> dict[str, Path]:
    """The packages of the functions in an assembly, by the digests there; empty if it may not be.

    A version of a function is named after its code: that is for synthesis.
    """
    templates = [json.loads(path.read_text("utf-8")) for path in assembly.glob("*.template.json")]
    resources = [each for template in templates for each in template["Resources"].values()]
    if any(each["Type"] == "AWS::Lambda::Version" for each in resources):
        return {}
    functions = [e["Properties"] for e in resources if e["Type"] == "AWS::Lambda::Function"]
    keys = {service: f["Code"]["S3Key"] for f in functions if (service := stacks.service_of(f))}
    builder = [sys.executable, "-m", "lib.packaging.package", *sorted(keys)]
    built = subprocess.run(builder, cwd=project.ROOT, capture_output=True, text=True, check=False)
    lines = [line.partition(" ") for line in built.stdout.splitlines()]
    packages = {keys[service].removesuffix(".zip"): Path(path) for service, _, path in lines}
    return {} if built.returncode else packages  # synthesis tells why


def _put(assembly: Path, packages: dict[str, Path]) -> None:
    """Let an assembly have these packages instead of those of the given digests."""
    names = {}
    for before, path in packages.items():
        with ZipFile(path) as package:
            # Its comment is the digest of what is in it; the CDK names it by a digest of that.
            names[before] = hashlib.sha256(package.comment).hexdigest()
        (assembly / f"asset.{before}.zip").unlink()
        shutil.copyfile(path, assembly / f"asset.{names[before]}.zip")
    # Templates first: the manifests name them by their digests.
    for path in sorted(assembly.glob("*.json"), key=lambda path: ".template." not in path.name):
        text = path.read_text("utf-8")
        before = hashlib.sha256(text.encode()).hexdigest()
        for old, new in names.items():
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
        names[before] = hashlib.sha256(text.encode()).hexdigest()
