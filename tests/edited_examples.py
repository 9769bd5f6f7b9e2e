"""The example plug-ins with one thing changed, as sources."""

import ast

from tests.places import ROOT

EXAMPLES = ROOT / "examples" / "plugins"


def source(example: str) -> str:
    """Return an example, by the name of its file, as it is."""
    return (EXAMPLES / f"{example}.py").read_text(encoding="utf-8")


def registered(tree: ast.Module) -> ast.ClassDef:
    """Return the class that an example registers."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return next(c for c in classes if any("register" in ast.unparse(d) for d in c.decorator_list))


def with_method(example: str, method: str, body: str) -> str:
    """Return an example in which a method, or a function, does something else.

    Args:
        example: By the name of its file.
        method: "Class.method", or "function".
        body: One statement or more; the method was called with `args` and `named`.
    """
    tree = ast.parse(source(example))
    owner, _, name = method.rpartition(".")
    holder: ast.Module | ast.ClassDef = tree
    if owner:
        holder = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == owner)
    holder.body = [node for node in holder.body if name not in _names(node)]
    holder.body += ast.parse(f"def {name}(*args, **named):\n    {body}").body
    return ast.unparse(tree)


def with_line(example: str, line: str) -> str:
    """Return an example whose class ends with one more line."""
    tree = ast.parse(source(example))
    registered(tree).body += ast.parse(line).body
    return ast.unparse(tree)


def without(example: str, name: str) -> str:
    """Return an example whose class lacks a method or a fact, or a decorator."""
    tree = ast.parse(source(example))
    kind = registered(tree)
    kind.decorator_list = [d for d in kind.decorator_list if name not in ast.unparse(d)]
    kind.body = [node for node in kind.body if name not in _names(node)]
    return ast.unparse(tree)


def _names(node: ast.stmt) -> list[str]:
    """Return what a statement of a body defines."""
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    names = (n for target in targets if target for n in ast.walk(target))
    return [n.id for n in names if isinstance(n, ast.Name)]
