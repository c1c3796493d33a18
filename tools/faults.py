"""The page on the emulator's faults: what the patches' heads say of them, for its maintainers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from localcloud.engine.patches import CHECKED

_ROOT = Path(__file__).parent.parent
_FIELD = re.compile(r"^([A-Z]\w*):\s(.*?)(?=^[A-Z]\w*:\s|^$|\Z)", re.MULTILINE | re.DOTALL)
_HEAD = """# Faults of the emulator

What the patches in `localcloud/` mend in MiniStack, written so that each can be sent upstream: what
the original does, what it does with the patch, and what would mend it there. Written by `python -m
tools.generate` from the heads of the files; contract tests ask the original first, so that a fault
that was mended is noticed. [Why it is patched](decisions/emulator.md).
"""


def page() -> str:
    """Return the page, a section for each file whose head tells of a fault."""
    files = (path.relative_to(_ROOT) for path in sorted(_ROOT.glob("localcloud/**/*.py")))
    return "\n".join([_HEAD, *(line for file in files for line in _section(file))])


def _section(file: Path) -> Iterator[str]:
    head = ast.get_docstring(ast.parse((_ROOT / file).read_text("utf-8"))) or ""
    said = {name: " ".join(text.split()) for name, text in _FIELD.findall(head)}
    if "Fault" in said:
        mended = said["Fault"].removeprefix("the emulator's; ")
        yield f"## {file.stem.replace('_', ' ').capitalize()}\n\n- The original: {said['Original']}"
        yield f"- With the patch: {said['Changes']}\n- It would be mended so: {mended}"
        yield from (f"- See <{page}>" for page in re.findall(r"https://\S+", said.get("AWS", "")))
        yield f"- Seen with ministack {', '.join(CHECKED)}, in `{file}`\n"
