"""`make audit`: each fault that it looks for, planted in a scratch checkout, is found."""

import gzip
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-audit" / "bin" / "python"
NOWHERE = "http://127.0.0.1:9"
ACCESS_KEY = "AKIA" + "QZ7XK2MWPL4RTV6N"  # in two parts: it must not be found in this history
ADVISORY = {
    "id": 1, "title": "Prototype pollution", "severity": "critical", "url": "https://advisory/1",
    "vulnerable_versions": "<=4.17.0", "name": "lodash", "cwe": [], "cvss": {"score": 9.8},
}  # fmt: skip


def audit(root, *arguments):
    command = [PYTHON, "-m", "tools.audit", "--root", root, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def advisories():
    """The two APIs, OSV's and npm's: urllib3 1.26.0 and lodash 4.17.0 are vulnerable."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):  # pylint: disable=invalid-name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            zipped = self.headers.get("Content-Encoding") == "gzip"
            asked = json.loads(gzip.decompress(body) if zipped else body)
            if self.path == "/v1/query":
                at_fault = asked == {
                    "package": {"name": "urllib3", "ecosystem": "PyPI"}, "version": "1.26.0",
                }  # fmt: skip
                answer = {"vulns": [VULNERABILITY]} if at_fault else {}
            else:
                answer = {"lodash": [ADVISORY]} if asked.get("lodash") == ["4.17.0"] else {}
            self.answer(answer)

        def do_GET(self):  # pylint: disable=invalid-name  # npm looks up which versions an advisory is about
            versions = {each: {"name": "lodash", "version": each} for each in ("4.17.0", "4.17.21")}
            latest = {"latest": "4.17.21"}
            self.answer({"name": "lodash", "dist-tags": latest, "versions": versions})

        def answer(self, answer):
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


VULNERABILITY: dict[str, Any] = {
    "id": "PYSEC-2021-108", "aliases": ["CVE-2021-33503"], "summary": "Catastrophic backtracking",
    "affected": [{
        "package": {"name": "urllib3", "ecosystem": "PyPI"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.26.5"}]}],
    }],
}  # fmt: skip


def locked(root, *, python="1.26.5", npm="4.17.21"):
    (root / "requirements").mkdir()
    lock = f"urllib3[secure]=={python} ; sys_platform == 'win32' \\\n    --hash=sha256:{'0' * 64}\n"
    (root / "requirements" / "up.txt").write_text(lock)
    package: dict[str, Any] = {
        "name": "scratch",
        "version": "1.0.0",
        "dependencies": {"lodash": npm},
    }
    (root / "package.json").write_text(json.dumps(package))
    packages = {"": package, "node_modules/lodash": {"version": npm, "dev": True}}
    of_npm = package | {"lockfileVersion": 3, "packages": packages}
    (root / "package-lock.json").write_text(json.dumps(of_npm))
    return root


def ask_about(root, advisories):
    return audit(root, f"--osv={advisories}/v1/query", f"--npm={advisories}/", "vulnerabilities")


def test_a_locked_python_package_with_a_known_vulnerability_is_found_for_every_platform(
    tmp_path, advisories
):
    said = ask_about(locked(tmp_path, python="1.26.0"), advisories)

    assert "up.txt: urllib3 1.26.0 has PYSEC-2021-108, fixed in 1.26.5" in said.stdout
    assert said.returncode == 1


def test_a_locked_npm_package_with_a_known_vulnerability_is_found(tmp_path, advisories):
    said = ask_about(locked(tmp_path, npm="4.17.0"), advisories)

    assert "package-lock.json: lodash 4.17.0 is vulnerable (critical)" in said.stdout
    assert said.returncode == 1


def test_nothing_is_said_of_packages_without_known_vulnerabilities(tmp_path, advisories):
    said = ask_about(locked(tmp_path), advisories)

    assert (said.stdout, said.returncode) == ("vulnerabilities: nothing found\n", 0)


@pytest.mark.parametrize(("more", "code"), [([], 0), (["--online"], 1)])
def test_one_line_says_that_the_data_cannot_be_reached(tmp_path, more, code):
    root = locked(tmp_path)

    said = audit(root, f"--osv={NOWHERE}/v1/query", f"--npm={NOWHERE}/", *more, "vulnerabilities")

    [line] = said.stdout.splitlines()
    assert line.startswith(f"vulnerabilities: NOT KNOWN, the data cannot be reached: {NOWHERE}")
    assert said.returncode == code


def test_a_registry_without_advisories_is_not_taken_for_a_good_one(tmp_path, advisories):
    said = audit(
        locked(tmp_path), f"--osv={advisories}/v1/query", f"--npm={NOWHERE}/", "vulnerabilities"
    )

    assert said.stdout.startswith(
        f"vulnerabilities: NOT KNOWN, the data cannot be reached: {NOWHERE}"
    )


@pytest.fixture
def repository(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=T", "-c", "user.email=t@example.com"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        subprocess.run(command, check=True, capture_output=True)

    git("init")
    (tmp_path / "good.txt").write_text("good\n")
    git("add", ".")
    git("commit", "-m", "good")
    return tmp_path, git


def test_an_access_key_that_was_committed_and_removed_is_found(repository):
    root, git = repository
    (root / "settings.py").write_text(f'KEY = "{ACCESS_KEY}"\n')
    git("add", ".")
    git("commit", "-m", "settings")
    git("rm", "settings.py")
    git("commit", "-m", "no settings")

    said = audit(root, "secrets")

    assert "AWS Access Key in commit" in said.stdout
    assert "settings.py" in said.stdout
    assert ACCESS_KEY not in said.stdout
    assert said.returncode == 1


def test_an_access_key_on_another_branch_or_in_a_message_is_found(repository):
    root, git = repository
    git("checkout", "-b", "aside")
    git("commit", "--allow-empty", "-m", f"try {ACCESS_KEY}")
    git("checkout", "-")

    said = audit(root, "secrets")

    assert "its message" in said.stdout


def test_a_history_without_secrets_is_good(repository):
    root, _ = repository

    said = audit(root, "secrets")

    assert (said.stdout, said.returncode) == ("secrets: nothing found\n", 0)


def test_a_shallow_history_is_not_taken_for_a_good_one(repository, tmp_path_factory):
    root, git = repository
    git("commit", "--allow-empty", "-m", "more")
    copy = tmp_path_factory.mktemp("shallow") / "copy"
    command = ["git", "clone", "--depth=1", f"file://{root}", str(copy)]
    subprocess.run(command, check=True, capture_output=True)

    said = audit(copy, "secrets")

    assert "the history is not all here" in said.stdout
    assert said.returncode == 1


LICENCES = {
    "License-Expression: GPL-3.0-only": "GPL-3.0-only",
    "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)": (
        "GNU General Public License v3 (GPLv3)"
    ),
    "License: GPLv3": "GPLv3",
    "Summary: no licence": "no licence that its metadata names",
}


def service(root, *licences):
    """A checkout with one function, which ships a distribution of each of these licences."""
    function = root / "services" / "thing"
    function.mkdir(parents=True)
    for module in (function.parent / "__init__.py", function / "__init__.py"):
        module.write_text("")
    (function / "handler.py").write_text("def lambda_handler(event, context):\n    return event\n")
    names = [f"shipped{number}" for number in range(len(licences))]
    (function / "package.toml").write_text(f"requires = {json.dumps(names)}\n")
    (root / "requirements").mkdir()
    lock = "".join(f"{name}==1.0\n" for name in names)
    (root / "requirements" / "functions.txt").write_text(lock)
    for name, licence in zip(names, licences, strict=True):
        info = root / ".build" / "site" / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{licence}\n"
        (info / "METADATA").write_text(metadata)
        (info / "RECORD").write_text(f"{name}-1.0.dist-info/METADATA,,\n")
    return root


def test_a_licence_that_is_not_allowed_is_found_however_it_is_named(tmp_path):
    said = audit(service(tmp_path, *LICENCES), "packages")

    *found, _ = said.stdout.splitlines()
    wanted = [f"thing ships shipped{n} 1.0: {named}" for n, named in enumerate(LICENCES.values())]
    assert (found, said.returncode) == (wanted, 1)


def test_the_bill_of_materials_lists_what_a_function_ships(tmp_path):
    root = service(tmp_path, "License-Expression: MIT")

    said = audit(root, "packages")

    bill = json.loads((root / ".build" / "sbom" / "thing.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert [each["purl"] for each in bill["components"]] == ["pkg:pypi/shipped0@1.0"]
    assert (said.stdout, said.returncode) == ("packages: nothing found\n", 0)


def test_every_function_of_this_checkout_ships_what_may_be_shipped():
    said = audit(ROOT, "packages")

    assert (said.stdout, said.returncode) == ("packages: nothing found\n", 0)
