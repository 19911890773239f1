#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a package that is installed has no reason in docs/dependencies.md, or one there is installed by nobody."""
import json
import pathlib
import re
import sys


def main():
    script = pathlib.Path("tools/install-packages.sh").read_text()
    debian = set(re.search(r'^packages="\n(.*?)^"', script, re.M | re.S).group(1).split())
    debian |= set(re.findall(r'packages="\$packages (\S+)"', script))
    package = json.loads(pathlib.Path("package.json").read_text())
    npm = {*package.get("dependencies", {}), *package.get("devDependencies", {})}
    rows = re.findall(r"^\| ([^|]+) \|", pathlib.Path("docs/dependencies.md").read_text(), re.M)
    named = {name.strip() for row in rows for name in row.split(",")} - {"package", "---"}
    bad = [f"docs/dependencies.md does not say what {name} is for" for name in sorted((debian | npm) - named)]
    bad += [f"docs/dependencies.md names {name}, which nobody installs" for name in sorted(named - debian - npm)]
    print("\n".join(bad) or f"dependencies: {len(named)} with their reasons")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
