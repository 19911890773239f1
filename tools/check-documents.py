#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a document points to a file that is not there, or names a `make` target that does not exist, and
when a folder has no README.md that says what it is for."""
import collections
import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"\]\(([^)\s]+)\)")
TARGET = re.compile(r"(?:^|`|&& )make ([a-z][a-z-]*)(?![\w/-])", re.M)
RULE = re.compile(r"^([a-z][a-z -]*):(?!=)", re.M)
FENCE = re.compile(r"^```.*?^```", re.M | re.S)


# Folders of which one README above says all.
TOLD_ABOVE = ("tests/unit/", "tests/fuzz/corpus/", "protocol/examples/", "docs/images", "tools/hooks")


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def broken_links(path, text):
    prose = FENCE.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), text)
    for match in LINK.finditer(prose):
        target = match[1].partition("#")[0]
        if target and not re.match(r"[a-z]+:", target) and not (path.parent / target).exists():
            yield f"{path}:{line_of(text, match.start())}: no file {target}"


def untold_folders(files):
    folders = collections.Counter(str(file.parent) for file in files if file.suffix != ".md")
    told = {str(file.parent) for file in files if file.name == "README.md"}
    return sorted(folder for folder, count in folders.items()
                  if count > 1 and folder not in told and not folder.startswith(TOLD_ABOVE))


def main():
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    files = [pathlib.Path(name) for name in listed.split("\0") if name]
    paths = [file for file in files if file.suffix == ".md"]
    makefiles = [pathlib.Path("Makefile"), *pathlib.Path("mk").glob("*.mk")]
    targets = {name for file in makefiles for names in RULE.findall(file.read_text()) for name in names.split()}
    bad, count = [f"{folder}: no README.md: what is it for?" for folder in untold_folders(files)], 0
    for path in paths:
        text = path.read_text()
        count += len(LINK.findall(text))
        bad += broken_links(path, text)
        bad += [f"{path}:{line_of(text, match.start())}: no target {match[1]}"
                for match in TARGET.finditer(text) if match[1] not in targets]
    print("\n".join(bad) or f"documents: {len(paths)}, {count} links, every file and make target is there")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
