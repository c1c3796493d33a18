"""The page of the secure blocks of lib/constructs: their signatures and docstrings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_LABEL = re.compile(r"^(?=(?:Fixed|Defaults|Permissions): )", re.MULTILINE)
_HEAD = """# The secure blocks

What stacks are made of, a file each in `lib/constructs/`. *Fixed* is what no argument can change,
*defaults* what holds when an argument is left out. A block takes the key and the settings of its
stack by itself ([why](../decisions/infrastructure-blocks.md)). Written by `make generate` from the
docstrings.
"""


def page() -> str:
    """Return the page, a section for each public class and function."""
    files = sorted((_ROOT / "lib/constructs").glob("[!_]*.py"))
    return "\n".join([_HEAD, *(part for file in files for part in _sections(file))])


def _sections(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text("utf-8"))
    where = f"`{file.relative_to(_ROOT)}`: {ast.get_docstring(tree)}"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield f"## {node.name}\n\n{where}\n\n{_signature(node.name, node)}\n"
            yield f"{_text(node)}\n"
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            bases = ", ".join(f"`{ast.unparse(base)}`" for base in node.bases)
            yield f"## {node.name}\n\n{where} A {bases}.\n"
            methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
            if "__init__" in methods:
                yield f"{_signature(node.name, methods['__init__'])}\n"
            fields = [ast.unparse(each) for each in node.body if isinstance(each, ast.AnnAssign)]
            if fields:
                yield f"```python\n{node.name}({', '.join(fields)})\n```\n"
            yield f"{_text(node)}\n"
            yield from _methods(methods)


def _methods(methods: dict[str, ast.FunctionDef]) -> Iterator[str]:
    for name, method in methods.items():
        if not name.startswith("_"):
            yield f"**{name}.** {_text(method)}\n\n{_signature(name, method)}\n"


def _signature(name: str, function: ast.FunctionDef) -> str:
    """Return how it is called, with a line for each keyword-only argument."""
    given = function.args
    begins = [ast.unparse(each) for each in given.args if each.arg not in ("self", "cls")]
    if given.vararg:
        begins.append(f"*{ast.unparse(given.vararg)}")
    keywords = [
        ast.unparse(each) + (f" = {ast.unparse(default)}" if default else "")
        for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    returns = (
        f" -> {ast.unparse(function.returns)}"
        if function.name != "__init__" and function.returns
        else ""
    )
    called = f"{name}({', '.join(begins)}"
    if keywords:
        called += ", *,\n" + "".join(f"    {each},\n" for each in keywords)
    return f"```python\n{called}){returns}\n```"


def _text(node: ast.FunctionDef | ast.ClassDef) -> str:
    """Return a docstring, its labelled parts as a list."""
    told = re.sub(r"https://\S+", r"<\g<0>>", ast.get_docstring(node) or "")
    return "\n\n".join("\n".join(_items(block)) for block in told.split("\n\n"))


def _items(block: str) -> Iterator[str]:
    for part in _LABEL.split(block):
        label, _, rest = part.partition(": ")
        if label in ("Fixed", "Defaults", "Permissions"):
            yield f"- *{label}*: " + " ".join(rest.split())
        elif part:
            yield " ".join(part.split())
