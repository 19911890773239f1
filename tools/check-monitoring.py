#!/usr/bin/env python3
"""Fails when an alert or a dashboard asks for a metric that no program has, or deploy/ is not valid JSON."""
import json
import pathlib
import re
import sys

NAME = re.compile(r"\b(?:signal|mcu|room|net|process)_[a-z_]+\b")
ROW = re.compile(r"METRIC\((?:COUNTER|GAUGE),\s*(\w+)")
PROCESS = re.compile(r'"(process_\w+)"')


def main():
    known = set()
    for file in pathlib.Path(".").glob("*/**/*metrics.h"):
        known |= set(ROW.findall(file.read_text()))
    known |= set(PROCESS.findall(pathlib.Path("common/net/status_pages.c").read_text()))
    folder = pathlib.Path("deploy/monitoring")
    json.loads((folder / "grafana-dashboard.json").read_text())
    bad = []
    for file in sorted(folder.iterdir()):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if "expr" in line:
                bad += [f"{file}:{number}: no program has {name}" for name in NAME.findall(line) if name not in known]
    print("\n".join(bad) or f"monitoring: every metric that is asked for exists ({len(known)} known)")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
