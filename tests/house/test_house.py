"""The house rules that a machine can check: arrows, errors, paths, declarations."""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import networkx
import pytest
from pydantic import BaseModel

from warroom.tests.support.house import OUTSIDE, ROOT, files, imported, modules, part, tree
from warroom.tools.base import REGISTRY, Effect, Row

LEVELS = (
    ("errors", "misfit", "plugins", "state"),
    ("outgoing", "yaml_tables"),
    ("forge_api",),
    ("analysis", "cluster", "kube_api"),
    ("faults",),
    ("incident", "sandbox", "settings", "text_safety", "tracing"),
    ("notify", "oncall"),
    ("actions", "record"),
    ("plans", "targets", "telemetry", "prompts"),
    ("tools", "models", "intake", "diagnosis"),
    ("agents",),
    ("graph",),
    ("graph_version",),
    ("response",),
    ("app",),
    ("chat", "drills"),
    ("service",),
    ("console",),
    ("evals",),
)
"""Each part imports itself and parts of earlier levels; of one level only itself."""
LEVEL = {name: number for number, names in enumerate(LEVELS) for name in names}
OURS = {"warroom", *LEVEL}
NOTHING = {
    "analysis": {"yaml_tables"},
    "cluster": {"yaml_tables"},
    "forge_api": {"errors", "outgoing", "yaml_tables"},
    "kube_api": {"errors", "forge_api", "yaml_tables"},
    "faults": {"errors", "yaml_tables"},
    "notify": {"errors", "incident", "outgoing", "plugins", "text_safety", "yaml_tables"},
    "oncall": {"errors", "incident", "yaml_tables"},
    "incident": {"errors", "faults", "yaml_tables"},
    "plans": {"errors", "faults", "incident", "oncall", "yaml_tables"},
    "text_safety": {"yaml_tables"},
    "tracing": {"errors"},
}
"""Parts that may import only these. Pure maths reads nothing but its own tables, by one door."""
OPENERS = {"duckdb", "httpx", "io", "os", "pathlib", "shutil", "socket", "sqlite3", "subprocess"}
"""Modules by which a file or a socket is opened."""
EDGE = "console/main.py"
"""The edge of the process: the one place that catches whatever comes."""
MACHINE = re.compile(r"(?<![\w.])/(?:root|work|Users|home/(?!app\b|user\b|shop\b)\w+)/\w|/tmp/\w+/")
REGISTRIES = re.compile(
    r"(?:py"
    r"pi\.(?:org|python)|python"
    r"hosted|npm"
    r"js\.(?:org|com)|--(?:extra-)?index"
    r"-url)",
    re.IGNORECASE,
)
MOCKS = re.compile(r"unit" r"test\.mock|Magic" r"Mock|mock" r"\.patch|\bmock" r"er\b")


def wrong_imports(path) -> set[str]:
    """Parts that a file imports and may not."""
    here = part(path)
    others = set(imported(path)) - {here, "__init__"}
    if here in ("__init__", "__main__"):
        return others
    allowed = NOTHING.get(here, {name for name in LEVEL if LEVEL[name] < LEVEL[here]})
    return others - allowed


def test_imports_point_down():
    unknown = {part(path) for path in modules()} - LEVEL.keys() - {"__init__"}
    assert not unknown, "new parts of the package: add them to LEVELS where they belong"
    wrong = {str(path): names for path in modules() if (names := wrong_imports(path))}
    assert not wrong


def test_pure_maths_opens_nothing():
    """Its tables come by `yaml_tables`; everything else comes as an argument."""
    for path in modules():
        if path.parts[0] == "analysis":
            nodes = [n for n in ast.walk(tree(path)) if isinstance(n, (ast.Import, ast.ImportFrom))]
            names = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
            names |= {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}
            calls = {ast.unparse(n.func) for n in ast.walk(tree(path)) if isinstance(n, ast.Call)}
            assert not {name.partition(".")[0] for name in names} & OPENERS, path
            assert "open" not in calls, path


def test_packages_form_no_cycle():
    graph = networkx.DiGraph((part(p), name) for p in modules() for name in imported(p))
    graph.remove_edges_from([(name, name) for name in list(graph)])
    assert networkx.is_directed_acyclic_graph(graph), networkx.find_cycle(graph)


def test_the_worlds_know_nothing_of_the_responder():
    """They are copied into releases of their own: an import of ours would break them there."""
    for path in modules():
        if path.parts[:2] not in (("drills", "shop"), ("drills", "queue")):
            continue
        found = [n for n in ast.walk(tree(path)) if isinstance(n, ast.ImportFrom) and n.level > 1]
        allowed = () if path.parts[1] == "shop" else ("shop.config", "shop.observability")
        assert all(n.level == 2 and n.module in allowed for n in found), path


def catches_everything(node: ast.AST) -> bool:
    """Whether it is an except clause for whatever comes that keeps it to itself."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    caught = ast.unparse(node.type) if node.type else ""
    raised_again = any(isinstance(n, ast.Raise) and n.exc is None for n in ast.walk(node))
    return caught in ("", "Exception", "BaseException") and not raised_again


def test_errors_are_caught_by_name():
    found = [str(p) for p in modules() if any(map(catches_everything, ast.walk(tree(p))))]
    assert found == [EDGE]


def opens_by_hand(node: ast.AST) -> bool:
    """Whether it makes a response context or opens a store itself."""
    if not isinstance(node, ast.Call):
        return False
    return ast.unparse(node.func).endswith(("ResponseContext", "Store.open"))


def test_contexts_and_stores_are_opened_in_app_only():
    found = {part(path) for path in modules() if any(map(opens_by_hand, ast.walk(tree(path))))}
    assert found == {"app"}


def says_ours(node: ast.AST) -> bool:
    """Whether it is an absolute import of our own package, or of a part by its bare name."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom) and not node.level:
        names = [node.module or ""]
    return any(name.partition(".")[0] in OURS for name in names)


def test_imports_inside_the_package_are_relative():
    assert not [p for p in modules() if any(map(says_ours, ast.walk(tree(p))))]


def test_files_and_functions_stay_small():
    large = [p for p in modules() if len((ROOT / p).read_text().splitlines()) > 300]
    assert not large
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                assert lines <= 60, f"{path}: {node.name} has {lines} lines"


def texts() -> Iterator[tuple[Path, str]]:
    """Every text file with its content."""
    for path in files():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            yield path, content.decode()


def test_no_file_names_a_machine_or_a_registry():
    assert not {str(path): found[0] for path, text in texts() if (found := MACHINE.findall(text))}
    assert not {
        str(path): found[0] for path, text in texts() if (found := REGISTRIES.findall(text))
    }


def test_no_test_mocks_our_own_code():
    assert not [p for p, text in texts() if p.parts[0] == "tests" and MOCKS.search(text)]


def test_make_finds_the_files_that_have_thorough_and_live_tests():
    """By what stands in them; of support, tests/support/ways.py alone is known to mark tests."""
    marks = re.compile(r"mark\.(?:thorough|live)\b")
    found = {p.name for p in in_tests() if not p.name.startswith("test_") and marks.search(read(p))}
    assert found == {"ways.py"}


def read(path: Path) -> str:
    return (ROOT / path).read_text()


def borrows(path: Path) -> bool:
    """Whether a test module imports another one; what they share belongs into tests/support."""
    names = (n.module or "" for n in ast.walk(tree(path)) if isinstance(n, ast.ImportFrom))
    return any(name.rpartition(".")[2].startswith("test_") for name in names)


def test_test_modules_do_not_import_each_other():
    assert not list(filter(borrows, in_tests()))


def in_tests() -> list[Path]:
    return [p for p in files() if p.parts[0] == "tests" and p.suffix == ".py"]


def test_every_test_can_fail():
    """By an assertion, its own or of something that it calls, as far as names tell."""
    calls: dict[str, set[str]] = {}
    for node in (
        n for p in in_tests() for n in ast.walk(tree(p)) if isinstance(n, ast.FunctionDef)
    ):
        calls.setdefault(node.name, set()).update(filter(None, map(acts, ast.walk(node))))
    fail = {"assert", "raises", "expect", "run_state_machine_as_test", "call_and_validate"}
    while more := {name for name in calls.keys() - fail if calls[name] & fail}:
        fail |= more
    assert not {name for name in calls if name.startswith("test_")} - fail


def acts(node: ast.AST) -> str:
    """The name of what it calls; that it asserts."""
    if isinstance(node, ast.Call):
        return getattr(node.func, "attr", getattr(node.func, "id", ""))
    return "assert" if isinstance(node, ast.Assert) else ""


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (("", "root", "repo", "x.py"), True),
        (("File ", "home", "ann", "warroom"), True),
        (("", "tmp", "w", "python"), True),
        (("", "srv", "shop", "app.py"), False),
        (("File ", "home", "app", "shop.py"), False),
        (("catalog", "root", "x"), False),
        (("a directory such as ", "tmp"), False),
    ],
)
def test_what_counts_as_a_path_of_a_machine(parts, found):
    assert bool(MACHINE.search("/".join(parts))) is found


def documents() -> list[type[BaseModel]]:
    """Every pydantic model of incident/."""
    names = [p.with_suffix("").as_posix() for p in modules() if p.parts[0] == "incident"]
    found = []
    for name in names:
        if "migrations" in name or name.endswith("__init__"):
            continue
        module = importlib.import_module(f"warroom.{name.replace('/', '.')}")
        local = (item for item in vars(module).values() if isinstance(item, type))
        found += [m for m in local if issubclass(m, BaseModel) and m.__module__ == module.__name__]
    return found


def test_every_field_of_the_documents_is_described():
    # `step` says which report it is, `event` which event: their meaning is the base's.
    bare = {
        f"{model.__name__}.{name}"
        for model in documents()
        for name, field in model.model_fields.items()
        if not field.description and name not in ("step", "event")
    }
    assert not bare
    assert len(documents()) > 20


def test_every_tool_says_what_it_does_and_what_effect_it_has():
    assert len(REGISTRY) > 10
    for tool in REGISTRY.values():
        assert isinstance(tool.effect, Effect), tool.name
        assert len(tool.description) > 20, f"{tool.name} needs a docstring: a model reads it"


def test_every_tool_is_asked_by_a_playbook_or_offered_to_a_model():
    used = {
        name.name
        for path in modules()
        if path.parts[0] == "agents"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and "tools." in (node.module or "")
        for name in node.names
    }
    ours = {name for name, tool in REGISTRY.items() if "warroom.tools" in tool.function.__module__}
    assert not ours - used, "delete a tool that nobody asks"


def test_a_quote_names_a_field_that_rows_have():
    rows = {field.name for kind in Row.__subclasses__() for field in fields(kind)}
    cited = {
        argument.value
        for path in modules()
        if path.parts[0] == "agents"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "cite"
        for argument in node.args[1:]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert len(cited) > 20
    assert not cited - rows


def undeclared(node: ast.stmt) -> bool:
    """Whether it is a public function from a bench to a table without a declared effect."""
    if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or not node.args.args:
        return False
    on_bench = node.args.args[0].arg == "bench"
    answers = node.returns is not None and ast.unparse(node.returns).startswith("Table")
    return on_bench and answers and not any("tool(" in ast.unparse(d) for d in node.decorator_list)


def test_every_function_from_a_bench_to_a_table_is_a_tool():
    tools = [path for path in modules() if path.parts[0] == "tools"]
    assert not [path for path in tools if any(map(undeclared, tree(path).body))]


def test_folders_outside_the_package_exist():
    assert {p.parts[0] for p in files()} >= {"tests", ".ci"}
    assert set(OUTSIDE) >= {"tests", ".ci"}
