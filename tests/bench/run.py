#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Rông and writes build/bench/results.json, a table and a plot. See tests/bench/README.md."""
import argparse
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import time

import experiments
import report
import rows

HERE = pathlib.Path(__file__).resolve().parent.parent.parent


def interrupted(*_):
    raise KeyboardInterrupt


def measure(bench, row):
    try:
        return report.result(row, row.measure(bench))
    except (rows.Failure, ArithmeticError, LookupError, ValueError) as failure:  # of one row, not of the others
        return {"name": row.name, "value": 0, "unit": row.unit, "target": row.target, "ok": False,
                "note": f"not measured: {failure or repr(failure)}"}


def points_of(bench):
    """What the plot shows; nothing when the capacity was not measured."""
    points = bench.done.get(experiments.capacity)
    if not isinstance(points, dict):
        return [], None
    lines = [{"rooms": at.rooms, "mcu": [w.cores for w in at.windows], "bare": [run["sum"] for run in at.bares]}
             for at in points.values() if at.taken]
    if not lines:
        return [], None
    at = max((at for at in points.values() if at.taken), key=lambda point: point.rooms)
    return lines, {"rooms": at.rooms, "mcu": at.cores(), "parts": {p: at.part(p) for p in at.bares[0]["parts"]}}


def about(options, seconds):
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True)
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return {"commit": commit.stdout.strip(), "quick": options.quick, "seconds": round(seconds, 1),
            "cores": os.cpu_count(), "processor": model, "kernel": platform.release(),
            "load_average": os.getloadavg()[1]}


def write(folder, results, bench, facts):
    points, bars = points_of(bench)
    (folder / "results.json").write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n")
    (folder / "results.svg").write_text(report.plot(points, bars))
    (folder / "about.json").write_text(json.dumps({**facts, "capacity": points}, ensure_ascii=False, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="under a minute; figures are rough")
    parser.add_argument("--only", default="", help="rows whose names begin so, separated by commas: wire.,video.core")
    parser.add_argument("--bin", default=HERE / "build" / "release", help="the programs")
    parser.add_argument("--out", default=HERE / "build" / "bench", help="where the results go")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, interrupted)
    begun = time.monotonic()
    folder = pathlib.Path(options.out).resolve()
    folder.mkdir(parents=True, exist_ok=True)

    def say(text):
        print(f"bench: {time.monotonic() - begun:5.1f} s  {text}", file=sys.stderr, flush=True)

    bench = experiments.Bench(experiments.QUICK if options.quick else experiments.FULL, folder, options.bin, say)
    try:
        wanted = [word for word in options.only.split(",") if word]
        results = [measure(bench, row) for row in rows.all_rows(bench, wanted)]
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    except rows.Failure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        bench.close()
    write(folder, results, bench, about(options, time.monotonic() - begun))
    print(report.table(results))
    missed = sum(result["ok"] is False for result in results)
    print(f"{len(results)} rows, {missed} missed or invalid, {time.monotonic() - begun:.0f} s: {folder}/results.json")
    faults = report.check(results)
    for fault in faults:
        print(f"bench: {fault}", file=sys.stderr)
    return 1 if faults or not results else 0


if __name__ == "__main__":
    sys.exit(main())
