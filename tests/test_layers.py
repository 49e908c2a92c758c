"""How the package is layered: what may import what, and how large things may be."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import mockbatch

PACKAGE = Path(mockbatch.__file__).parent
# From the top down. What stands in a row may import what stands in the rows below it, and what
# is inside of it; two packages of one row know nothing of each other. A module at the top of
# the package counts as a package.
LAYERS = (
    ("__main__", "wsgi"),
    ("cli", "testing"),
    ("survive",),
    ("contract", "web"),
    ("client", "world"),
    ("providers",),
    ("webhooks",),
    ("events", "repository"),
    ("batch", "faults"),
    ("scenarios",),
    ("scripting", "files"),
    ("limits",),
    ("endpoints", "pagination"),
    ("validation", "http_client", "http_server", "stores"),
    ("errors",),
    ("package_data", "jsonio", "ids", "clock", "strings", "time_queue"),
    ("typing",),
    ("__init__",),  # for its version; what it exports, it imports on first access
)
LEVELS = {name: level for level, names in enumerate(reversed(LAYERS)) for name in names}
# How a person or a test gets it. Everything else is the domain.
EDGES = {
    "__init__",
    "__main__",
    "cli",
    "client",
    "contract",
    "http_server",
    "testing",
    "web",
    "wsgi",
}
# The only packages in which a module may import jsonschema.
JUDGES = {"validation"}
FRAMEWORKS = {"flask", "werkzeug", "cheroot"}
READS_TIME = {
    *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
    *("localtime", "gmtime", "now", "utcnow", "today"),
}
MOST_LINES = 300
LONGEST_FUNCTION = 40


def home(module: str) -> str:
    """Return the module or folder at the top of the package that a module is, or is in."""
    return [*module.split("."), "__init__"][1]


def name(path: Path) -> str:
    """Return the dotted name of a module; the package itself is `mockbatch`."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
        ".__init__"
    )


MODULES = {name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
DOMAIN = [module for module in MODULES if home(module) not in EDGES]


@cache
def tree(module: str) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(MODULES[module].read_text())


def imported_names(node: ast.AST) -> set[str]:
    """Return what an import statement imports, as dotted names."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        inside = {f"{node.module}.{alias.name}" for alias in node.names}
        return inside if inside <= set(MODULES) else {*inside, str(node.module)}
    return set()


def for_types(node: ast.AST) -> bool:
    """Return whether a statement is only for those who check types."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(module: str) -> set[str]:
    """Return what a module imports anywhere in it, as dotted names."""
    return set().union(*map(imported_names, ast.walk(tree(module))))


@cache
def needed_modules(module: str) -> set[str]:
    """Return the modules of the package that a module needs when it runs."""
    typed = [inner for node in tree(module).body if for_types(node) for inner in ast.walk(node)]
    running = (node for node in ast.walk(tree(module)) if node not in typed)
    return set().union(*map(imported_names, running)) & set(MODULES)


def homes(module: str) -> set[str]:
    """Return the modules and folders at the top of the package that a module imports from."""
    return {home(one) for one in imports(module) if one.split(".")[0] == "mockbatch"}


def foreign(module: str) -> set[str]:
    """Return the top-level packages that a module imports."""
    return {given.split(".")[0] for given in imports(module)}


def leads_to(module: str) -> set[str]:
    """Return every module that a module needs, by way of others too."""
    found: set[str] = set()
    coming = {module}
    while coming:
        found |= (coming := set().union(*map(needed_modules, coming)) - found)
    return found


def functions(module: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions of a module, those in classes and in functions too."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function, its docstring apart."""
    first = function.body[0]
    is_docstring = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def called_names(module: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of a module with the last name of what is called."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id, node


def clock_readings(module: str) -> set[str]:
    """Return the calls and imports of a module that read the system's time."""
    calls = {ast.unparse(call) for last, call in called_names(module) if last in READS_TIME}
    from_modules = {call for call in calls if call.split(".")[0] in {"time", "datetime", "date"}}
    return from_modules | (imports(module) & {f"time.{name}" for name in READS_TIME})


def random_sources(module: str) -> set[str]:
    """Return the random UUIDs, unseeded generators and shared generator that a module uses."""
    calls = {
        ast.unparse(call)
        for last, call in called_names(module)
        if last in {"uuid1", "uuid4"} or (last == "Random" and not call.args)
    }
    shared = {one for one in imports(module) if one.startswith("random.")} - {"random.Random"}
    return calls | shared


def long_functions(module: str) -> dict[str, int]:
    """Return the lines of the functions of a module that have too many."""
    return {one.name: length(one) for one in functions(module) if length(one) > LONGEST_FUNCTION}


def test_the_domain_knows_no_framework() -> None:
    """Nothing below the web imports Flask, Werkzeug or cheroot."""
    assert [module for module in DOMAIN if foreign(module) & FRAMEWORKS] == []


def test_every_package_has_a_layer() -> None:
    """A new package has to be given its place in the table, and a removed one leaves it."""
    assert sorted(LEVELS) == sorted({home(module) for module in MODULES})


def test_imports_go_down() -> None:
    """A module imports only from packages below its own, imports inside of functions included."""
    upward = {
        (module, top)
        for module in MODULES
        for top in homes(module) - {home(module)}
        if module != "mockbatch" and LEVELS[top] >= LEVELS[home(module)]
    }
    assert upward == set()


def test_contract_knows_no_server() -> None:
    """It checks any server: what it knew of this one, it would not find wrong."""
    contract = [module for module in MODULES if home(module) == "contract"]
    known = {home(one) for module in contract for one in leads_to(module)}
    assert known & {"world", "batch", "files", "endpoints"} == set()


def test_no_import_runs_in_a_circle() -> None:
    """No module needs itself by way of others, imports inside of functions included."""
    assert [module for module in MODULES if module in leads_to(module)] == []


def test_one_package_validates() -> None:
    """Only validation/ imports jsonschema."""
    assert {home(module) for module in MODULES if "jsonschema" in foreign(module)} == JUDGES


def test_one_seam_reads_the_clock() -> None:
    """Only clock.py reads the system's time."""
    assert [module for module in MODULES if clock_readings(module)] == ["mockbatch.clock"]


def test_there_is_no_global() -> None:
    """No function writes to a name of its module."""
    writes = [
        module
        for module in MODULES
        if any(isinstance(node, ast.Global) for node in ast.walk(tree(module)))
    ]
    assert writes == []


def test_nothing_is_left_to_chance() -> None:
    """No module mints a random UUID, makes a generator without a seed, or shares Python's."""
    assert {module: found for module in MODULES if (found := random_sources(module))} == {}


def test_msgspec_prepares_types_on_import() -> None:
    """A decoder does so when it is made; a conversion, when a type is first converted to.

    If two threads do that at once, the process dies (msgspec 0.22.0).
    """
    converting = [
        module
        for module in MODULES
        if "msgspec.convert" in imports(module)
        or any(ast.unparse(call.func) == "msgspec.convert" for _, call in called_names(module))
        or any(
            key.arg == "type"
            for last, call in called_names(module)
            if last == "decode"
            for key in call.keywords
        )
    ]
    assert converting == []


def test_no_module_is_too_long() -> None:
    """A module has 300 lines at most."""
    lines = {module: path.read_text().count("\n") for module, path in MODULES.items()}
    assert {module: count for module, count in lines.items() if count > MOST_LINES} == {}


def test_no_function_is_too_long() -> None:
    """A function has 40 lines at most, its docstring apart."""
    assert {module: long for module in MODULES if (long := long_functions(module))} == {}


def test_few_modules_stand_beside_the_packages() -> None:
    """So that a listing of the package shows what the product is made of."""
    entries = {"__init__", "__main__", "wsgi"}
    beside = {path.stem for path in PACKAGE.glob("*.py")} - entries
    assert len(beside) <= 12
