"""The shape of the repository: rooms, sizes, names, and what may stand in its text.

The tables below are the rules themselves.  A new room gets its line in ``ROWS``.
"""

import ast
import configparser
import importlib.metadata
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "kps_soap"

#: The rooms from the ground up: a room imports its own row and the rows above it in this list.
ROWS: tuple[frozenset[str], ...] = (
    frozenset(
        {
            *("faults", "turkish", "identity_number", "places", "fields", "entry"),
            *("addresses", "fees", "durable_names", "private_files", "recent_failures"),
            *("settings", "setting_kinds", "setting_table", "spyne_import"),
            *(
                "model_metadata",
                "agreement_models",
                "people_models",
                "misuse_models",
                "sqlite_files",
                "writers_queue",
                "repetition_models",
                "signed_request_models",
            ),
            "console_models",
        }
    ),
    frozenset(
        {
            *("registry", "criteria", "agreements", "contracts", "envelopes", "signing"),
            *(
                "signing_keys",
                "certificates",
                "authentication",
                "audit",
                "models",
                "database",
                "migrations",
            ),
            "driver_statements",
            *("credentials", "logins", "lookups", "quotas", "rosters", "terms", "criteria_stage"),
            "remembered",
            *("shares", "turns", "aside"),
            *(
                "tokens",
                "signed_requests",
                "page_keys",
                "mistakes",
                "repetitions",
                "pilots",
                "people",
                "password_hashes",
                *("asked_counts", "asked_persons", "roster_deposits", "depositing"),
                "password_changes",
                "misuse",
            ),
        }
    ),
    frozenset({"services"}),
    frozenset({"gateway"}),
    frozenset({"doors"}),
    frozenset(
        {
            "demo",
            "demo_people",
            "app",
            "stores",
            "line",
            "serving",
            *("forking", "worker", "warmed"),
            *("accepting", "crowd"),
            "http_server",
            "configured",
            "readiness",
            "inspection",
            "connections",
            "operator_errors",
            "billing",
            "served_doors",
            "keys_in_use",
            "renewal",
            *("sealing", "outline"),
            "logs",
            "metrics",
            "probes",
            "safeguards",
            "console",
            *("answers", "receipt_check"),
        }
    ),
    frozenset({"cli", "client", "query_client", "demo_file"}),
)
ROW = {room: number for number, rooms in enumerate(ROWS) for room in rooms}

#: Rooms that may import less than their row allows.  A dotted name is one module of a room.
NARROWER: dict[str, frozenset[str]] = {
    "faults": frozenset(),
    "services": ROWS[0]
    | {"services", "contracts", "criteria", "registry.records", "registry.family_records"},
    "gateway": frozenset({"faults", "entry", "fields", "criteria"}),
    "doors": ROWS[0]
    | {"doors", "gateway", "envelopes", "contracts", "signing", "signing_keys"}
    | {"authentication"}
    | {"logins", "tokens", "signed_requests", "shares"},
    "client": frozenset({"faults", "client", "answers"}),
    "answers": frozenset({"answers"}),
}

NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "core", "base", "manager"}
LINES_OF_A_MODULE_MAX = 400
LINES_OF_A_FUNCTION_MAX = 70

TOP_LEVEL = {
    *("setup.cfg", "README.md", "wsdl", "kps_soap", "schemas", "tests", "conf"),
    *("pyproject.toml", "Makefile", "requirements.lock", "LICENSE", "CHANGELOG.md", "benchmarks"),
    "docs",
}
#: What the commands leave there; none of it is in the repository.
LEFT_BEHIND = {"demo", "build", "dist", "htmlcov", "kps_soap.egg-info"}

#: Directories that exist on one machine only.  (Put together, so that this file is clean too.)
MACHINE_PATHS = re.compile(
    "|".join(rf"(?<![\w.:-])/{name}/" for name in ("work", "tmp", "root", "home", "Users"))
)


class Import(NamedTuple):
    """``module`` imports ``target``, both as dotted names below the package."""

    module: str
    target: str
    line: int
    types_only: bool


def sources(*places: str) -> list[Path]:
    """The Python files below some directories of the repository, sorted."""
    return sorted(
        path
        for place in places
        for path in (ROOT / place).rglob("*.py")
        if "__pycache__" not in path.parts
    )


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def shown(path: Path, line: int | None = None) -> str:
    place = path.relative_to(ROOT).as_posix()
    return place if line is None else f"{place}:{line}"


def dotted(path: Path) -> str:
    """``kps_soap/registry/store.py`` is ``registry.store``; a package is its directory."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    return {dotted(path): path for path in sources("kps_soap")}


def known(target: str) -> str:
    """The longest leading part of a dotted name that is a module (the rest is a name in it)."""
    parts = target.split(".")
    while parts and ".".join(parts) not in modules():
        parts.pop()
    return ".".join(parts) or target.split(".")[0]


def targets(node: ast.AST, package: str) -> Iterator[str]:
    """What an import statement brings in from this package, as dotted names below it."""
    if isinstance(node, ast.Import):
        for name in node.names:
            if name.name.startswith("kps_soap."):
                yield name.name.removeprefix("kps_soap.")
    elif isinstance(node, ast.ImportFrom):
        origin = node.module or ""
        if node.level:
            above = ["kps_soap", *filter(None, package.split("."))]
            origin = ".".join([*above[: len(above) - node.level + 1], *filter(None, [origin])])
        if origin == "kps_soap" or origin.startswith("kps_soap."):
            below = origin.removeprefix("kps_soap").removeprefix(".")
            for name in node.names:
                yield f"{below}.{name.name}".removeprefix(".")


def imports_of(module: str, path: Path) -> Iterator[Import]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for_types = {
        inner
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for target in targets(node, package):
                if not target.startswith("__"):
                    yield Import(module, known(target), node.lineno, node in for_types)


@cache
def all_imports() -> frozenset[Import]:
    return frozenset(found for name, path in modules().items() for found in imports_of(name, path))


def room_of(module: str) -> str:
    return module.split(".")[0]


def stated(found: Import) -> str:
    return f"{shown(modules()[found.module], found.line)} imports {found.target}"


def told(found: Iterable[str], advice: str = "") -> str:
    """Every find on a line of its own: pytest would shorten the list."""
    return "\n".join([advice, *sorted(found)])


# Rooms


def test_every_room_has_its_row() -> None:
    rooms = {room_of(module) for module in modules()} - {"", "__main__"}
    assert rooms <= ROW.keys(), f"give {sorted(rooms - ROW.keys())} a row in ROWS"


def test_imports_go_one_way() -> None:
    wrong = [
        stated(found)
        for found in all_imports()
        if room_of(found.module) in ROW
        and ROW.get(room_of(found.target), -1) > ROW[room_of(found.module)]
    ]
    assert not wrong, told(wrong)


def test_some_rooms_import_even_less() -> None:
    wrong = []
    for found in all_imports():
        allowed = NARROWER.get(room_of(found.module))
        # What only the type checker reads is no dependency of the running program.
        if allowed is None or found.types_only:
            continue
        if room_of(found.target) not in allowed and found.target not in allowed:
            wrong.append(stated(found))
    assert not wrong, told(wrong)


def test_no_module_imports_itself_on_a_detour() -> None:
    graph: dict[str, set[str]] = {module: set() for module in modules()}
    for found in all_imports():
        if not found.types_only and found.target != found.module:
            graph[found.module].add(found.target)
    # Whatever imports only modules that are already taken away is no part of a circle.
    left = dict(graph)
    while ready := [module for module, needs in left.items() if not needs & left.keys()]:
        for module in ready:
            del left[module]
    assert left == {}


def test_every_directory_of_the_package_is_a_package() -> None:
    # An installed wheel would lack the modules of a directory without it.
    bare = {
        shown(path.parent)
        for path in sources("kps_soap")
        if not (path.parent / "__init__.py").exists()
    }
    assert not bare, told(bare, "these need an __init__.py")


# Sizes and names


def test_every_module_says_its_duty_first() -> None:
    silent = [
        shown(path)
        for path in sources("kps_soap", "tests", "benchmarks")
        if path.read_text(encoding="utf-8").strip() and not ast.get_docstring(tree_of(path))
    ]
    assert not silent, told(silent)


def test_no_module_is_too_long_to_read_at_once() -> None:
    long = [
        f"{shown(path)} has {lines} lines"
        for path in sources("kps_soap", "benchmarks")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LINES_OF_A_MODULE_MAX
    ]
    assert not long, told(long)


def test_no_function_is_too_long_to_see_at_once() -> None:
    long = [
        f"{shown(path, node.lineno)} {node.name}"
        for path in sources("kps_soap", "tests", "benchmarks")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= LINES_OF_A_FUNCTION_MAX
    ]
    assert not long, told(long)


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty = {
        shown(path)
        for path in sources("kps_soap", "tests", "benchmarks")
        for part in path.relative_to(ROOT).with_suffix("").parts
        if NAMES_THAT_SAY_NOTHING & set(part.split("_"))
    }
    assert not empty, told(empty)


def test_case_is_changed_in_one_module_only() -> None:
    changing = [
        f"{shown(path, node.lineno)} .{node.func.attr}()"
        for path in sources("kps_soap")
        if dotted(path) != "turkish"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"upper", "lower", "casefold"}
    ]
    assert not changing, told(
        changing, "use kps_soap.turkish: the standard methods are wrong for names"
    )


# The repository


def test_the_top_level_holds_what_the_product_and_its_tools_need() -> None:
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert names <= TOP_LEVEL | LEFT_BEHIND


def texts() -> Iterator[tuple[Path, str]]:
    """Every text file of the repository, but the licence and the hashes."""
    for place in sorted({*TOP_LEVEL, ".ci", ".editorconfig", ".gitattributes", ".gitignore"}):
        start = ROOT / place
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if not path.is_file() or "__pycache__" in path.parts or path.name == "LICENSE":
                continue
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def test_no_text_names_a_place_of_one_machine() -> None:
    named = [
        f"{shown(path, number)}: {found[0]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := MACHINE_PATHS.search(line))
    ]
    assert not named, told(named)


def configuration() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def entries(value: str) -> list[str]:
    """The lines of a setting in setup.cfg, without its comments."""
    lines = (line.strip() for line in value.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def test_an_installed_wheel_carries_every_schema_wsdl_and_configuration_file() -> None:
    carried: set[Path] = set()
    for target, value in configuration()["options.data_files"].items():
        for pattern in entries(value):
            assert target == f"share/kps-soap/{Path(pattern).parent.as_posix()}"
            carried |= set(ROOT.glob(pattern))
    present = {
        path
        for place in ("conf", "schemas", "wsdl")
        for path in (ROOT / place).rglob("*")
        if path.is_file()
    }
    forgotten = sorted({shown(path.parent) for path in present - carried})
    assert not forgotten, told(
        forgotten, "name these directories under [options.data_files] of setup.cfg"
    )


# The lock file


@cache
def locked() -> dict[str, str]:
    """Name and version of every package in the lock file."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = re.findall(r"^([a-z0-9-]+)==(\S+)(?: ;[^\\\n]*)? \\$", text, re.MULTILINE)
    assert len(found) == len(dict(found)) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))
    return dict(found)


def asked_for() -> list[Requirement]:
    """What setup.cfg asks for: at run time, for the tests, and to build."""
    parser = configuration()
    values = [
        parser["options"]["install_requires"],
        *parser["options.extras_require"].values(),
    ]
    return [Requirement(line) for value in values for line in entries(value)]


def needed_here(asked: Iterable[Requirement]) -> Iterator[str]:
    """Everything that the requirements lead to in this environment, by canonical name."""
    waiting = list(asked)
    seen: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate():
            continue
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        yield canonicalize_name(requirement.name)
        for line in importlib.metadata.requires(requirement.name) or ():
            further = Requirement(line)
            extras = requirement.extras or {""}
            if not further.marker or any(further.marker.evaluate({"extra": e}) for e in extras):
                further.marker = None
                waiting.append(further)


@pytest.mark.parametrize("requirement", asked_for(), ids=lambda requirement: requirement.name)
def test_the_lock_file_holds_what_setup_cfg_asks_for(requirement: Requirement) -> None:
    name = canonicalize_name(requirement.name)
    assert name in locked(), "run `make lock`"
    assert requirement.specifier.contains(locked()[name]), "run `make lock`"


def test_the_lock_file_holds_whatever_those_need_in_turn() -> None:
    assert set(needed_here(asked_for())) <= locked().keys(), "run `make lock`"


def test_the_lock_file_names_hashes_and_no_place_to_fetch_from() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for block in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash)", text, re.MULTILINE)


def test_the_oldest_python_is_the_same_everywhere() -> None:
    parser = configuration()
    assert parser["options"]["python_requires"] == ">=3.11"
    assert parser["mypy"]["python_version"] == "3.11"
    assert 'target-version = "py311"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "--python-version 3.11" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert sys.version_info >= (3, 11)
