"""Runs interrogate, with its one gap closed: it takes a function inside an async one for a public name."""

from typing import Any

from interrogate import cli, visit

FUNCTIONS = {"FunctionDef", "AsyncFunctionDef"}


class Visitor(visit.CoverageVisitor):  # type: ignore[misc]  # interrogate has no types
    """Knows that async functions hold, and are, nested functions like all others."""

    def _is_nested_func(self, parent: Any, node_type: str) -> bool:
        return parent is not None and {parent.node_type, node_type} <= FUNCTIONS


if __name__ == "__main__":
    visit.CoverageVisitor = Visitor
    cli.main()
