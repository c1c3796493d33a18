"""`python -m tools.site`: make the documentation's site in `.build/site-docs`, from `.venv-docs`.

Fails when a link or an anchor leads nowhere, or a page would fetch anything from another host.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.site import links
from tools.site.pages import ROOT, decisions, stage

_BUILD = ROOT / ".build"
_CONFIG = Path(__file__).with_name("zensical.toml")
# What the theme would fetch from another host: what draws diagrams, and what searches on the disk.
_SCRIPTS = {
    "mermaid.js": "node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js",
    "iframe-worker.js": "node_modules/iframe-worker/shim/index.js",
}
_SITE = _BUILD / "site-docs"
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


def main() -> int:
    """Make the site; 1 when anything is wrong with it."""
    pages = _BUILD / "docs"
    try:
        stage(pages)
    except FileNotFoundError as error:
        return _fail([str(error)])
    (pages / "scripts").mkdir()
    for name, installed in _SCRIPTS.items():
        shutil.copyfile(ROOT / installed, pages / "scripts" / name)
    (_BUILD / "docs.toml").write_text(_config(), "utf-8")
    shutil.rmtree(_SITE, ignore_errors=True)
    made = subprocess.run(
        [
            Path(sys.executable).with_name("zensical"),
            *("build", "--strict", "--clean", "--config-file", _BUILD / "docs.toml"),
        ],
        cwd=_BUILD,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        said = made.stdout + made.stderr.partition("Traceback")[0]
        sys.stderr.write(_COLOUR.sub("", said))
        return _fail(["the generator refuses a page, as it says above"])
    if found := list(links.faults(_SITE)):
        return _fail(found)
    print(f"Open {(_SITE / 'index.html').relative_to(ROOT)}")
    return 0


def _fail(faults: list[str]) -> int:
    sys.stderr.writelines(f"error: {fault}\n" for fault in faults)
    return 1


def _config() -> str:
    """The generator's settings, with the decisions in their place in the navigation."""
    subjects = ", ".join(
        f"{{{json.dumps(subject)} = [{', '.join(_entry(*each) for each in pages)}]}}"
        for subject, pages in decisions()
    )
    return _CONFIG.read_text("utf-8").replace(
        '["decisions/README.md"]', f'["decisions/README.md", {subjects}]'
    )


def _entry(title: str, file: str) -> str:
    return f"{{{json.dumps(title)} = {json.dumps(file)}}}"


if __name__ == "__main__":
    sys.exit(main())
