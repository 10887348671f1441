"""The house is in order: imports run downwards, names stay clear of coverage.py's."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "src" / "coverage"

# From the ground up; a module imports only what stands on a line above its own.
LAYERS = [
    {"errors", "_numba_compat", "pieces", "cards", "service_kinds", "street_grid", "beside"},
    {"bounds", "discs", "spots", "thin_systems"},
    {"columns", "covered_parts", "rounds", "siting_problem"},
    {"siting_models", "siting_greedy"},
    {"siting_assignment", "siting_choice"},
    {"siting_capacity", "siting_median"},
    {"siting"},
    {"cache"},
    {"walkers", "streets", "tags", "notebook", "study_card"},
    {"study_parts", "by_group"},
    {"study", "stairs", "squares", "lifts"},
    {"pace", "groups"},
    {"elevations", "features"},
    {"network", "new_links"},
    {"chains", "graphs", "snapping", "quality", "demand"},
    {"contraction", "routes", "drive", "tiles"},
    {"times"},
    {"nearest", "reach"},
    {"isochrones", "assessment", "links", "matching", "same_lines", "access", "equity"},
    {"curves", "passing"},
    {"load_bearing"},
    {"walk_tables"},
    {"shortcut_gains"},
    {"shortcuts"},
    {"gaps", "circle", "service", "causes"},
    {"edits", "inhabited"},
    {"patches", "changes"},
    {"usable"},
    {"standing"},
    {"concerned", "placing"},
    {"repair"},
    {"streets_after"},
    {"people_gaps", "fairness", "choices", "zones_ranked"},
    {"people", "visits"},
    {"by_service"},
    {"inputs"},
    {"catalogue", "summary", "preparation"},
    {"where_next", "street_changes", "home_visits"},
    {"findings"},
    {"whatif_services"},
    {"whatif", "run_changes", "proposals"},
    {"outputs", "weak_points"},
    {"result", "difference"},
    {"next_step"},
    {"pipeline", "workers"},
    {"tile_ground"},
    {"tile_read"},
    {"tile_place"},
    {"tile_assess"},
    {"tile_join"},
    {"tiled"},
    {
        "console",
        "console_whatif",
        "console_weak_points",
        "comparison",
        "repetitions",
        "console_diff",
        "console_services",
        "console_visits",
    },
    {"console_site"},
    {"cli_options", "cli_tiles"},
    {"cli_diff", "cli_site", "cli_visits", "cli_weak_points", "cli_whatif"},
    {"cli"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts != ("__init__",) and parts[0] != "studies":
            yield path, parts[0]


def imported(path: Path):
    """Return the first part of every import inside the package, and whether any is absolute."""
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module.split(".")[0]] if node.module else [a.name for a in node.names]
            yield from (name for name in names if not name.startswith("__"))
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert not (node.module or "").startswith("coverage"), f"{path}: absolute import"
        elif isinstance(node, ast.Import):
            assert all(a.name.split(".")[0] != "coverage" for a in node.names), path


def test_every_module_has_its_layer():
    assert {name for _, name in modules()} == set(LEVEL)


def test_imports_run_downwards():
    upwards = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path, own in modules()
        for name in imported(path)
        if name != own and LEVEL[name] >= LEVEL[own]
    ]
    assert upwards == []


def test_inputs_and_outputs_do_not_know_each_other():
    for path, own in modules():
        if own == "inputs":
            assert "outputs" not in set(imported(path)), path


def test_only_osm_imports_osmnx():
    users = {
        path.name
        for path, _ in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and any(a.name == "osmnx" for a in node.names)
    }
    assert users == {"osm.py"}


def test_no_module_has_a_name_of_coverage_py():
    taken = {"config", "report", "results", "data", "types", "exceptions", "html"}
    assert {path.stem for path, _ in modules()} & taken == set()


def test_modules_are_short():
    long = {
        str(path.relative_to(PACKAGE)): lines
        for path, _ in modules()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 450
    }
    assert long == {}
