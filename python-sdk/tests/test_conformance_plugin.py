"""The conformance plugin stays as short as its contract says: under 200 lines of code in all its files together."""

import ast
import io
import tokenize
from pathlib import Path
from typing import Set

PLUGIN = Path(__file__).parents[1] / "conformance_plugin"
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def code_lines(source: str) -> Set[int]:
    """The numbers of the lines that hold code: no blank lines, comments, or docstrings."""
    lines: Set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node):
            docstring = node.body[0]
            lines.difference_update(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1))
    return lines


def test_code_lines_are_neither_blank_nor_comments_nor_docstrings() -> None:
    source = '"""Doc.\n\nMore."""\n\n# why\nx = (\n    1\n)\n\n\ndef f():\n    """Doc."""\n    return x  # x\n'
    assert code_lines(source) == {6, 7, 8, 11, 13}


def test_all_files_together_have_less_than_200_lines_of_code() -> None:
    files = sorted(PLUGIN.glob("*.py"))
    assert [file.name for file in files] == ["api_calls.py", "evidence.py", "plugin.py", "web.py"]
    assert sum(len(code_lines(file.read_text())) for file in files) < 200


def test_plugin_alone_has_less_than_200_lines_of_any_kind() -> None:
    assert len((PLUGIN / "plugin.py").read_text().splitlines()) < 200
