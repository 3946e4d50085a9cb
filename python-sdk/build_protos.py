"""Build hook: turns the .proto files of the contract into `mattermost_plugin.grpc`.

The files lie in `../proto/pb` of a source checkout and in `proto/pb` of an sdist. They are copied to a temporary tree
`mattermost_plugin/grpc/*.proto` with their imports rewritten to that path; so protoc itself writes imports that work inside
the package, and nothing generated is edited afterwards. Files are replaced only when their content changes, each in one
step, so that a build never disturbs a process that imports them.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = Path("mattermost_plugin/grpc")
INIT = '"""Generated from the .proto files of the plugin contract by build_protos.py; not kept in git."""\n'


class ProtoBuildHook(BuildHookInterface):  # type: ignore[misc]
    """What hatchling calls before it packs a wheel, an editable wheel or an sdist."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: Dict[str, Any]) -> None:
        """Generate for wheels, carry the .proto files in sdists."""
        protos = find_protos(Path(self.root))
        if self.target_name == "sdist":
            build_data["force_include"][str(protos)] = "proto/pb"
        else:
            generate(protos, Path(self.root, "src"))


def find_protos(root: Path) -> Path:
    """The folder of the .proto files, for an unpacked sdist as well as for a source checkout."""
    for candidate in (root / "proto" / "pb", root.parent / "proto" / "pb"):
        if (candidate / "hooks.proto").is_file():
            return candidate
    raise FileNotFoundError(f"no proto/pb/hooks.proto in {root} or beside it")


def generate(protos: Path, source: Path) -> None:
    """Write all generated modules below `source`."""
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory(prefix="mattermost-plugin-protos-") as scratch:
        tree, out = Path(scratch, "in"), Path(scratch, "out")
        out.mkdir()
        files = [str(file) for file in copy_protos(protos, tree)]
        well_known = Path(protoc.__file__).parent / "_proto"
        arguments = [f"-I{tree}", f"-I{well_known}", f"--python_out={out}", f"--pyi_out={out}", f"--grpc_python_out={out}"]
        if protoc.main(["protoc", *arguments, *files]) != 0:
            raise RuntimeError("protoc refused the .proto files; its own message stands above")
        for folder in {path.parent for path in (out / PACKAGE).rglob("*.py")}:
            (folder / "__init__.py").write_text(INIT, encoding="utf-8")
        replace_changed(out / PACKAGE, source / PACKAGE)


def copy_protos(protos: Path, tree: Path) -> Iterator[Path]:
    """Copy every .proto to its place in the package, imports rewritten to match."""
    for file in sorted(protos.rglob("*.proto")):
        target = tree / PACKAGE / file.relative_to(protos)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text(encoding="utf-8")
        rewritten = re.sub(r'^import "(?!google/)', f'import "{PACKAGE.as_posix()}/', text, flags=re.MULTILINE)
        target.write_text(rewritten, encoding="utf-8")
        yield target


def replace_changed(fresh: Path, installed: Path) -> None:
    """Make `installed` equal to `fresh`, touching only what differs."""
    wanted = {file.relative_to(fresh): file.read_bytes() for file in fresh.rglob("*.py*")}
    for name, content in wanted.items():
        target = installed / name
        if target.is_file() and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
        partial.write_bytes(content)
        partial.replace(target)
    for file in installed.rglob("*.py*"):
        if file.suffix in (".py", ".pyi") and file.relative_to(installed) not in wanted:
            file.unlink()
