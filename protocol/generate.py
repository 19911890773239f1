#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes C and TypeScript from protocol/schema/*.json."""
import argparse
import pathlib
import sys

from read_schema import SCHEMA_DIR, Reader, SchemaError
from write_c import CWriter
from write_ts import TsWriter


def write(path, text):
    """Leaves a file alone that already says this, so that make builds nothing anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schema", type=pathlib.Path, default=SCHEMA_DIR, metavar="DIR")
    parser.add_argument("--c", type=pathlib.Path, metavar="DIR", help="write messages.h and messages.c there")
    parser.add_argument("--ts", type=pathlib.Path, metavar="FILE", help="write the TypeScript there")
    arguments = parser.parse_args()
    try:
        contract = Reader(arguments.schema).contract()
        c_files = CWriter(contract)
        ts_file = TsWriter(contract)
    except SchemaError as fault:
        sys.exit(f"generate.py: {fault}")
    if arguments.c:
        write(arguments.c / "messages.c", c_files.source())
        write(arguments.c / "messages.h", c_files.header())
    if arguments.ts:
        write(arguments.ts, ts_file.text())


if __name__ == "__main__":
    main()
