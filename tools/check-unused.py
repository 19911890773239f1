#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names functions that no other file calls, tests counted: unused, or to be made static.

check-unused.py FOLDER: a build whose programs are made. tools/unused.txt names what is there all the same.
"""
import pathlib
import re
import subprocess
import sys


def symbols(objects):
    """(object, kind, name) of every global symbol."""
    out = subprocess.run(["nm", "-A", "-g", "-P", *map(str, objects)], capture_output=True, text=True, check=True)
    for line in out.stdout.splitlines():
        place, name, kind, *_ = line.split()
        yield place.rstrip(":"), kind, name


def words(files):
    return {word for file in files for word in re.findall(r"\w+", file.read_text())}


def main():
    build = pathlib.Path(sys.argv[1])
    sources = {o: o.relative_to(build).with_suffix(".c") for o in build.rglob("*.o")}
    # What was built from files that are gone, or generated, is not ours to judge.
    objects = [o for o, source in sources.items() if source.exists()]
    tested = words([*pathlib.Path("tests/unit").rglob("*.c"), *pathlib.Path("tests/fuzz").rglob("*.c")])
    excepted = words([pathlib.Path("tools/unused.txt")])
    defined, used = {}, set()
    for place, kind, name in symbols(objects):
        if kind == "T" and name != "main":
            defined[name] = sources[pathlib.Path(place)]
        elif kind == "U":
            used.add(name)
    bad = sorted((str(file), name) for name, file in defined.items() if name not in used | tested | excepted)
    for file, name in bad:
        print(f"{file}: {name}() is called by no other file")
    print(f"unused: {len(defined)} functions, " + (f"{len(bad)} complaints" if bad else "ok"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
