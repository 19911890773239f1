#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests and ends with the line "N passed, N failed".

Unit programs of build/<variant>/tests/unit first (several at a time), then those of our Python, the fuzz
targets' smoke, the page's tests, the integration tests and the browser's. Of what passes it shows one line; of what fails, the
output.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

KINDS = ["unit", "python", "asan", "tsan", "fuzz", "web", "integration", "integration-asan", "e2e"]
UNIT_TIMEOUT_S = 120
SUITE_TIMEOUT_S = {"python": 120, "fuzz": 600, "web": 300, "integration": 900, "integration-asan": 900, "e2e": 900}
SUITES = {"web": "test", "integration": "test:integration", "integration-asan": "test:integration:asan",
          "e2e": "test:e2e"}
# What crosses threads: run under ThreadSanitizer.
TSAN_PROGRAMS = ["common/base/test_ring", "common/base/test_loop", "common/base/test_metrics",
                 "common/net/test_web_server",
                 "mcu/audio/test_mixer", "mcu/test_call"]
SANITIZER = {
    "asan": {
        "ASAN_OPTIONS": "detect_stack_use_after_return=0",
        "LSAN_OPTIONS": "suppressions=tests/lsan.supp:print_suppressions=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "G_SLICE": "always-malloc",
    },
    "tsan": {"TSAN_OPTIONS": "suppressions=tests/tsan.supp:halt_on_error=1:second_deadlock_stack=1"},
}

Result = collections.namedtuple("Result", "name passed failed seconds output")


def run(command, timeout_s, environment=None):
    """Exit status (None: ran out of time), output, seconds. Whatever it started ends with it."""
    start = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        env={**os.environ, **(environment or {})}, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=timeout_s)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, _ = process.communicate()
        output += f"\nran out of time after {timeout_s} s\n"
        status = None
    return status, output, time.monotonic() - start


def run_unit(program, variant):
    environment = {"G_DEBUG": "fatal-criticals", **SANITIZER.get(variant, {})}
    status, output, seconds = run([str(program)], UNIT_TIMEOUT_S, environment)
    if variant == "asan" and "LeakSanitizer: detected" in output:
        # Whose leak it is (tests/lsan.supp names libraries) shows only in whole stacks, which cost much.
        environment["ASAN_OPTIONS"] += ":fast_unwind_on_malloc=0"
        status, output, seconds = run([str(program)], 2 * UNIT_TIMEOUT_S, environment)
    return status, output, seconds


def unit(program, variant):
    status, output, seconds = run_unit(program, variant)
    passed = len(re.findall(r"^\[ +OK +\]", output, re.M))
    failed = len(set(re.findall(r"^\[ +(?:FAILED|ERROR) +\] (\w+)$", output, re.M)))
    if status != 0 and failed == 0:
        failed = 1  # crashed, ran out of time, or failed outside of a test
    name = str(program).partition("/tests/unit/")[2] + ("" if variant == "release" else f" ({variant})")
    return Result(name, passed, failed, seconds, output)


def units(variant):
    folder = pathlib.Path(f"build/{variant}/tests/unit")
    # Only what still has its source: a build folder remembers tests that were removed.
    sources = sorted(pathlib.Path("tests/unit").rglob("test_*.c"))
    if variant == "tsan":
        sources = [pathlib.Path(f"tests/unit/{name}.c") for name in TSAN_PROGRAMS]
    programs = [p for s in sources if (p := folder / s.relative_to("tests/unit").with_suffix("")).exists()]
    missing = len(sources) - len(programs)
    if missing:
        yield Result("unit programs", 0, missing, 0, f"{missing} are not built: make unit-programs\n")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda p: unit(p, variant), programs)


def python(variant):
    """Tests of what is written in Python: tests/**/test_*.py, unittest each."""
    for file in sorted(pathlib.Path("tests").rglob("test_*.py")):
        environment = {"RONG_BIN": os.path.abspath(f"build/{variant}"), "PYTHONDONTWRITEBYTECODE": "1"}
        status, output, seconds = run([sys.executable, str(file)], SUITE_TIMEOUT_S["python"], environment)
        ran = re.search(r"^Ran (\d+) tests?", output, re.M)
        failed = sum(map(int, re.findall(r"(?:failures|errors)=(\d+)", output)))
        if status != 0 and failed == 0:
            failed = 1
        yield Result(file, (int(ran.group(1)) if ran else 0) - failed if ran else 0, failed, seconds, output)


def fuzz():
    if not list(pathlib.Path("tests/fuzz").glob("fuzz_*.c")):
        return
    status, output, seconds = run(["make", "--no-print-directory", "fuzz-smoke"], SUITE_TIMEOUT_S["fuzz"])
    found = re.search(r"^fuzz: (\d+) passed, (\d+) failed$", output, re.M)
    passed, failed = map(int, found.groups()) if found else (0, 1)
    yield Result("fuzz targets", passed, max(failed, 1 if status != 0 else 0), seconds, output)


def vitest_files(report):
    for file in report["testResults"]:
        states = collections.Counter(t["status"] for t in file["assertionResults"])
        failed = states["failed"] or (1 if file["status"] == "failed" else 0)
        text = "\n".join(
            f"{t['fullName']}\n" + "\n".join(t["failureMessages"])
            for t in file["assertionResults"] if t["status"] == "failed")
        text = text or file.get("message", "")
        seconds = (file["endTime"] - file["startTime"]) / 1000
        name = os.path.relpath(file["name"])
        yield Result(name, states["passed"], failed, seconds, text)


def suite(kind):
    package = pathlib.Path("package.json")
    if not package.exists() or SUITES[kind] not in json.loads(package.read_text()).get("scripts", {}):
        return
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        command = ["npm", "run", "--silent", SUITES[kind], "--", "--reporter=default", "--reporter=json",
                   f"--outputFile.json={report}"]
        status, output, seconds = run(command, SUITE_TIMEOUT_S[kind], {"CI": "1", "NO_COLOR": "1"})
        results = []
        if report.exists():
            results = list(vitest_files(json.loads(report.read_text())))
        yield from results
        if status != 0 and not any(r.failed for r in results):
            yield Result(f"{kind} tests", 0, 1, seconds, output)
        elif any(r.failed for r in results):
            print(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=KINDS, action="append", help="this kind (again for more)")
    parser.add_argument("--variant", default="release", help="of the unit programs")
    options = parser.parse_args()
    totals = [0, 0]
    for kind in options.only or KINDS:
        if kind in ("unit", "asan", "tsan"):
            results = units(options.variant if kind == "unit" else kind)
        elif kind == "python":
            results = python(options.variant)
        else:
            results = fuzz() if kind == "fuzz" else suite(kind)
        for result in results:
            if result.failed:
                print(result.output.rstrip())
            state = "FAILED" if result.failed else "ok"
            print(f"  {state:6} {result.seconds:6.1f} s {result.passed:4} passed  {result.name}", flush=True)
            totals[0] += result.passed
            totals[1] += result.failed
    print(f"{totals[0]} passed, {totals[1]} failed")
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main())
