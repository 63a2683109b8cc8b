"""Which packages of others are in the program for one target: the common ground of packaging/notices and packaging/sbom.

Counted are the libraries that are linked in, and the C sources that a build script compiles into them (OpenSSL). Not counted are tools that
only run while it is built: build scripts' own libraries and procedural macros.
"""

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]


def metadata(target: str) -> dict:
    """What cargo knows of the program and its packages for that target."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def program(known: dict) -> dict:
    """The program's own package."""
    return package_by_id(known)[known["resolve"]["root"]]


def package_by_id(known: dict) -> dict[str, dict]:
    """Every package under cargo's name for it."""
    return {package["id"]: package for package in known["packages"]}


def linked(known: dict) -> dict[str, list[str]]:
    """The program and everything linked into it, each with what it links in turn; ids as cargo gives them, sorted."""
    packages = package_by_id(known)
    nodes = {node["id"]: node for node in known["resolve"]["nodes"]}
    found: dict[str, list[str]] = {}
    waiting = [known["resolve"]["root"]]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found[current] = sorted(
            dependency["pkg"] for dependency in nodes[current]["deps"] if is_linked(packages[dependency["pkg"]], dependency)
        )
        waiting.extend(found[current])
    return dict(sorted(found.items(), key=lambda entry: (packages[entry[0]]["name"], packages[entry[0]]["version"])))


def is_linked(package: dict, dependency: dict) -> bool:
    """Whether a dependency gets into the program, and not only into the work of building it."""
    kinds = {kind["kind"] for kind in dependency["dep_kinds"]}
    if any("proc-macro" in target["kind"] for target in package["targets"]):
        return False
    return None in kinds or ("build" in kinds and package["name"].endswith("-src"))
