#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy and cppcheck over every C file, several at a time.

A file that passed is not looked at again until it, a header of ours that it includes, or the configuration
changes (build/lint remembers). Names of files on the command line limit the run to them.
"""
import concurrent.futures
import functools
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import time

CACHE = pathlib.Path("build/lint")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
# It reads no headers of libraries: what their macros stand for is said here.
CPPCHECK = ["cppcheck", "--quiet", "--std=c11", "--enable=warning,portability,performance", "--inline-suppr",
            "--error-exitcode=1", "--suppressions-list=tools/cppcheck.supp", "-D__GNUC__", "-D__x86_64__",
            "-Dg_autofree=", "-Dg_autoptr(type)=type *", "-Dg_auto(type)=type",
            "-DG_DEFINE_AUTOPTR_CLEANUP_FUNC(type,end)=", "-Dg_assert_cmpint(left,is,right)=g_assert((left) is (right))",
            "-Dg_assert_cmpuint(left,is,right)=g_assert((left) is (right))",
            "-DG_GINT64_FORMAT=\"ld\"",
            "-I.", "-Ibuild/generated"]


@functools.cache
def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


@functools.cache
def headers(path):
    """Every header of ours that a file includes, through others too."""
    found = set()
    for name in INCLUDE.findall(pathlib.Path(path).read_text()):
        for candidate in (name, f"build/generated/{name}"):
            if candidate not in found and pathlib.Path(candidate).exists():
                found |= {candidate} | headers(candidate)
                break
    return frozenset(found)


def key(command, path, configuration):
    parts = [" ".join(command), digest(path), *(digest(c) for c in configuration)]
    parts += [f"{h} {digest(h)}" for h in sorted(headers(path))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def look(job):
    """The tool's complaint about one file, or None."""
    command, path, configuration = job
    mark = CACHE / key(command, path, configuration)
    if mark.exists():
        mark.touch()
        return None
    whole = [word.replace("{}", path) for word in command]
    done = subprocess.run(whole, capture_output=True, text=True)
    if done.returncode == 0:
        mark.touch()
        return None
    lines = [l for l in (done.stdout + done.stderr).splitlines()
             if not re.match(r"\d+ warnings? (and \d+ errors? )?generated|Suppressed |Use -header-filter|Error while", l)]
    return "\n".join(lines)


def packages():
    for module in pathlib.Path(".").glob("*/**/module.mk"):
        for line in module.read_text().splitlines():
            name, _, rest = line.partition(":=")
            if name.strip().endswith(".pkgs"):
                yield from rest.split()


def forget_old(days):
    for mark in CACHE.iterdir():
        if time.time() - mark.stat().st_mtime > days * 86400:
            mark.unlink()


def main():
    CACHE.mkdir(parents=True, exist_ok=True)
    forget_old(7)
    files = sys.argv[1:] or subprocess.run(["git", "ls-files", "*.c"], capture_output=True, text=True,
                                           check=True).stdout.split()
    cflags = subprocess.run(["pkg-config", "--cflags", "cmocka", *sorted(set(packages()))], capture_output=True,
                            text=True, check=True).stdout.split()
    # Headers of libraries are nobody's business here.
    cflags = [f.replace("-I", "-isystem", 1) if f.startswith("-I/") else f for f in cflags]
    tidy = ["clang-tidy", "--quiet", "{}", "--", "-std=c11", "-D_GNU_SOURCE", "-I.", "-Ibuild/generated", *cflags]
    jobs = [(tidy, f, [".clang-tidy", "tests/.clang-tidy"]) for f in files]
    jobs += [(CPPCHECK + ["{}"], f, ["tools/cppcheck.supp"]) for f in files]
    # The largest first, so that none is left alone at the end.
    jobs.sort(key=lambda job: -os.path.getsize(job[1]))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = [c for c in pool.map(look, jobs) if c]
    # What is wrong with a header is said for each file that includes it: once is enough.
    for line in dict.fromkeys("\n".join(complaints).splitlines()):
        print(line)
    print(f"lint: {len(files)} files, " + (f"{len(complaints)} complaints" if complaints else "ok"))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
