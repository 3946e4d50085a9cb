"""Writes what people and type checkers read about the API's methods, from the contract and the table of parameters.

    .venv/bin/python python-sdk/scripts/api_types.py [--check]

Three stubs: the plain methods, the awaitable ones, and those by which a test says what it expects; and, in the README, the list
of methods that are called otherwise than in other SDKs. With --check it changes nothing, and ends with 1 on a difference.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Callable, Dict, List, Set

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from contract_comments import comments_of
from hook_types import SCALARS
from mattermost_plugin._api_methods import METHODS, BoundMethod
from mattermost_plugin._api_parameters import REQUIRED, Parameter
from mattermost_plugin._api_table import BY_NAME_ONLY, NONE_WHEN_EMPTY, OTHER_NAMES, RESULTS
from mattermost_plugin._contract import is_map, is_repeated, map_value
from mattermost_plugin._convert import STRUCT, VALUE
from mattermost_plugin._wrapping import wrapper_name
from writing import SDK, wrapped, written_or_checked

PACKAGE = SDK / "src/mattermost_plugin"
README = SDK / "README.md"
BEGIN, END = "<!-- written by scripts/types: begin -->\n", "<!-- written by scripts/types: end -->\n"


def main(arguments: List[str]) -> int:
    """Write, or check."""
    plain = stub("ApiMethods", "The API's methods.", lambda method, result: f"    def {method.name}(%s) -> {result}:")
    awaitable = stub(
        "AsyncApiMethods",
        "The API's methods as awaitables.",
        lambda method, result: f"    async def {method.name}(%s) -> {result}:",
    )
    expected = stub(
        "ExpectedApiMethods",
        "The calls that a test expects of the API.",
        lambda method, result: f"    def {method.name}(%s) -> Expected[{result}]:",
        documented=False,
    )
    texts = {
        PACKAGE / "_plain_api_methods.pyi": plain,
        PACKAGE / "_async_api_methods.pyi": awaitable,
        PACKAGE / "_expected_api_methods.pyi": expected,
        README: readme(README.read_text(encoding="utf-8")),
    }
    return written_or_checked(texts, arguments)


def stub(name: str, title: str, declare: Callable[[BoundMethod, str], str], *, documented: bool = True) -> str:
    """A stub of a class with all methods."""
    comments = comments_of("api.proto")
    modules: Set[str] = set()
    methods = []
    for method in METHODS.values():
        parameters = ", ".join(["self", *parameters_text(method, modules)])
        head = declare(method, result_text(method)) % parameters
        documentation = docstring(comments.get(method.rpc_name, ""), method.rpc_name)
        methods.append(f"{head}\n{documentation}" if documented else f"{head} ...\n")
    body = "\n".join(methods)
    return (
        f"# {title} Written by scripts/types from the contract, not to be edited.\n\n"
        + imports_of(head_names(body), modules)
        + f'\nclass {name}:\n    """{title}"""\n\n{body}'
    )


def docstring(comment: str, rpc_name: str) -> str:
    """A method's documentation; its last line names the RPC."""
    lines = wrapped(comment, "        ", 126) if comment else []
    text = "\n".join([*lines, f"        Contract: {rpc_name}."]).strip()
    return f'        """{text}"""\n' if "\n" not in text else f'        """{text}\n        """\n'


def parameters_text(method: BoundMethod, modules: Set[str]) -> List[str]:
    """The parameters as they are declared, but for `self`."""
    texts: List[str] = []
    for parameter in method.parameters:
        if parameter.by_name and "*" not in texts:
            texts.append("*")
        if parameter.pairs:
            texts.append(f"**{parameter.name}: Any")
            continue
        default = "" if parameter.default is REQUIRED else f" = {parameter.default!r}"
        texts.append(f"{parameter.name}: {parameter_type(parameter, modules)}{default}")
    return texts


def parameter_type(parameter: Parameter, modules: Set[str]) -> str:
    """What may be passed."""
    field = parameter.field
    if is_map(field):
        kind = f"Mapping[str, {single(map_value(field), modules)}]"
    elif is_repeated(field):
        kind = f"Sequence[{single(field, modules)}]"
    else:
        kind = single(field, modules)
    return f"Optional[{kind}]" if parameter.optional else kind


def single(field: FieldDescriptor, modules: Set[str]) -> str:
    """What may be passed for one value."""
    if field.message_type is None:
        return SCALARS[field.type]
    special = {STRUCT: "Mapping[str, Any]", VALUE: "Any"}.get(field.message_type.full_name)
    if special is not None:
        return special
    module = module_of(field.message_type)
    modules.add(module)
    return f"Given[{module}.{field.message_type.name}]"


def module_of(message: Descriptor) -> str:
    """The generated module of a message."""
    return f"{Path(message.file.name).stem}_pb2"


def result_text(method: BoundMethod) -> str:
    """What a method returns."""
    if not method.results:
        return "None"
    if method.rpc_name in RESULTS:
        name: str = RESULTS[method.rpc_name].__name__
        return name
    field = method.results[0]
    if is_map(field):
        return f"Dict[str, {result_type(map_value(field))}]"
    kind = result_type(field)
    if is_repeated(field):
        return f"List[{kind}]"
    return f"Optional[{kind}]" if method.rpc_name in NONE_WHEN_EMPTY else kind


def result_type(field: FieldDescriptor) -> str:
    """One value of a result."""
    if field.message_type is None:
        return SCALARS[field.type]
    return {STRUCT: "Dict[str, Any]", VALUE: "Any"}.get(field.message_type.full_name) or wrapper_name(field.message_type)


def head_names(body: str) -> Set[str]:
    """The names that declarations use; what stands in documentation does not count."""
    heads = "\n".join(line for line in body.splitlines() if line.lstrip().startswith(("def ", "async def ")))
    return set(re.findall(r"(?<![\w.])[A-Z]\w*", heads)) - {"None", "False", "True"}


def imports_of(names: Set[str], modules: Set[str]) -> str:
    """The imports of a stub."""
    typing = {"Any", "Dict", "List", "Mapping", "Optional", "Sequence", "Tuple", "Union"}
    places: Dict[str, Set[str]] = {
        "mattermost_plugin._api_table": {"EmojiImage", "PluginHTTPResponse"},
        "mattermost_plugin._wrapping": {"Given"},
        "mattermost_plugin.testing": {"Expected"},
    }
    wrappers = names - typing - set().union(*places.values())
    lines = [f"from typing import {', '.join(sorted(names & typing))}\n\n"]
    found = {place: names & known for place, known in places.items()}
    found["mattermost_plugin._internal.wrappers"] = wrappers
    found["mattermost_plugin.grpc"] = modules
    for place in sorted(found):
        if found[place]:
            lines.append(f"from {place} import (\n" + "".join(f"    {name},\n" for name in sorted(found[place])) + ")\n")
    return "".join(lines)


def readme(text: str) -> str:
    """The README with its list of methods that are called otherwise."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = ["| here | elsewhere |\n", "| --- | --- |\n"]
    for method in METHODS.values():
        if method.rpc_name in BY_NAME_ONLY:
            names = ", ".join(
                f"{item.name}=..." if item.default is REQUIRED else f"{item.name}={item.default!r}"
                for item in method.parameters
            )
            rows.append(f"| `{method.name}({names})` | `({BY_NAME_ONLY[method.rpc_name]})` |\n")
    also = [f"`{METHODS_BY_RPC[name].name}`" for name in OTHER_NAMES]
    rows.append(f"\nParameters of these go by both names, the contract's and the other: {', '.join(also)}.\n")
    return before + BEGIN + "\n" + "".join(rows) + "\n" + END + after


METHODS_BY_RPC = {method.rpc_name: method for method in METHODS.values()}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
