"""The files of `services/` that a function reaches: its handler, what it imports, what it reads.

They are found in the source, without running it: `import` statements wherever they stand, and
`Path(__file__).with_name("...")`, which names a file or a folder beside the module.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from lib.packaging import PackageError

# What imports or reads by names that are made at run time.
_UNFOLLOWED = {"__import__", "importlib", "pkgutil", "runpy"}


def read_sources(root: Path, service: str) -> dict[str, bytes]:
    """Return the files that a service's handler reaches; `PackageError` if one cannot be."""
    files: dict[str, bytes] = {}
    todo = [f"services.{service}.handler"]
    while todo:
        module = todo.pop()
        path = _find(root, module)
        if path is None:
            raise PackageError(f"{module} is imported and not there; correct the import, or add it")
        name = path.relative_to(root).as_posix()
        if name not in files:
            files[name] = path.read_bytes()
            source = _Source(root, service, path)
            # The packages around a module come with it.
            todo += [*source.imports(), *filter(None, [module.rpartition(".")[0]])]
            files |= source.data()
    return dict(sorted(files.items()))


def _find(root: Path, module: str) -> Path | None:
    """Return the file of a module or package; None when there is none."""
    path = root.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((each for each in candidates if each.is_file()), None)


class _Source:
    """The syntax of one module, in as far as it names other files."""

    def __init__(self, root: Path, service: str, path: Path) -> None:
        self._root = root
        self._allowed = {"shared", service}
        self._path = path
        self._name = path.relative_to(root).as_posix()
        try:
            self._nodes = list(ast.walk(ast.parse(path.read_bytes())))
        except (SyntaxError, ValueError):  # the compiler tells it better, with the line
            self._nodes = []

    def imports(self) -> Iterator[str]:
        """Yield the modules of `services` that this one imports."""
        for node in self._nodes:
            for name in self._imported(node):
                first, *rest = name.split(".")
                if first in _UNFOLLOWED:
                    raise self._refusal(node, f"uses {name}", "write an import statement")
                if first == "services" and rest:
                    if rest[0] not in self._allowed:
                        remedy = "move what both need to services/shared"
                        raise self._refusal(node, f"imports {name} of another service", remedy)
                    yield name

    def data(self) -> dict[str, bytes]:
        """Return the files beside the module that it reads."""
        named = [name for node in self._nodes if (name := _name_beside(node))]
        places = [n for n in self._nodes if isinstance(n, ast.Name) and n.id == "__file__"]
        if len(places) > len(named):
            remedy = 'write Path(__file__).with_name("...")'
            raise self._refusal(places[0], "reads files that cannot be followed", remedy)
        files: dict[str, bytes] = {}
        for name in named:
            path = self._path.with_name(name)
            found = [each for each in (path, *path.rglob("[!.]*")) if each.is_file()]
            if not found:
                raise PackageError(f"{self._name} reads {name}, which is not beside it; add it")
            files |= {each.relative_to(self._root).as_posix(): each.read_bytes() for each in found}
        return files

    def _imported(self, node: ast.AST) -> Iterator[str]:
        """Yield the full names that a statement imports, or a name that stands for an import."""
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(level=0, module=str() as module, names=names):
                within = [f"{module}.{alias.name}" for alias in names]  # modules, or names in one
                yield from (module, *(name for name in within if _find(self._root, name)))
            case ast.ImportFrom():
                raise self._refusal(node, "imports by a relative name", "write the whole name")
            case ast.Name("__import__"):
                yield "__import__"

    def _refusal(self, node: ast.AST, problem: str, remedy: str) -> PackageError:
        line = getattr(node, "lineno", 1)
        return PackageError(f"{self._name} line {line} {problem}; {remedy}")


def _name_beside(node: ast.AST) -> str | None:
    """Return the name in `Path(__file__).with_name("...")`; None for every other expression."""
    match node:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Name("Path"), args=[ast.Name("__file__")]), attr="with_name"
            ),
            args=[ast.Constant(str() as name)],
        ):
            return name
    return None
