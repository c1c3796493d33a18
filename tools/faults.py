"""The page on the emulator's faults: what the patches' heads say of them, for its maintainers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_FIELD = re.compile(r"^([A-Z]\w*):\s(.*?)(?=^[A-Z]\w*:\s|^$|\Z)", re.MULTILINE | re.DOTALL)
_HEAD = """# Faults of the emulator

What the patches in `localcloud/` mend in MiniStack, written so that each can be sent upstream: what
the original does, what it does with the patch, and what would mend it there. Written by `python -m
tools.generate` from the heads of the files; contract tests ask the original first, so that a fault
that was mended is noticed. [Why it is patched](decisions/emulator.md).
"""


def heads() -> dict[str, dict[str, str]]:
    """Read the head of each file that changes the emulator: its fields, by the file's path."""
    found = {}
    for path in sorted(_ROOT.glob("localcloud/**/*.py")):
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        fields = {name: " ".join(said.split()) for name, said in _FIELD.findall(text)}
        if "Changes" in fields:
            found[str(path.relative_to(_ROOT))] = fields
    return found


def page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *(line for each in heads().items() for line in _fault(*each))])


def _fault(path: str, said: dict[str, str]) -> Iterator[str]:
    if "Fault" not in said:
        return
    yield f"## {path.removeprefix('localcloud/').removesuffix('.py').replace('/', ': ')}\n"
    yield f"- The original: {said['Original']}"
    yield f"- With the patch: {said['Changes']}"
    mended = said["Fault"].removeprefix("the emulator's; ")
    yield f"- It would be mended so: {mended}"
    yield from (f"- See <{address}>" for address in re.findall(r"https://\S+", said.get("AWS", "")))
    yield f"- Seen with: {said['Checked'].rstrip('.')}, `{path}`\n"
