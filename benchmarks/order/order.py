#!/usr/bin/env python3
"""Writes functions.txt: the functions of the release program that runs of scripts go through, by which build.rs orders them.

    cargo build --release && python3 benchmarks/order/order.py [RUFF]

Needs valgrind, which lists what has run. First stand the functions of a program that prints a line, then those that compiled
code takes, then those of all other programs of the cross-language suite and of examples/; within each part they keep the
order of the sources. Names carry numbers of the compiler's and of the crates' versions: after an update, and now and then,
the list is to be made again. A function that is not in it stands where it would without it.
"""

import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = os.path.join(ROOT, "benchmarks", "cross-language", "programs")
LIST = os.path.join(HERE, "functions.txt")
FUNCTION = re.compile(r"c?fn=\(\d+\) (\S+)$")
# What the compiler has made visible between its own parts has another name after each change.
PASSING = re.compile(r"\.llvm\.\d+$|^0x")


def quick_rows():
    """Programs of the suite with their arguments at small sizes."""
    with open(os.path.join(PROGRAMS, "..", "expected.tsv")) as file:
        lines = [line.split("\t") for line in file if line.startswith("quick")]
    return [[os.path.join(PROGRAMS, name, name + ".ruff"), *arguments.split()] for _, name, arguments, *_ in lines]


def examples():
    folder = os.path.join(ROOT, "examples")
    return [[os.path.join(folder, name)] for name in sorted(os.listdir(folder)) if name.endswith(".ruff")]


def executed(ruff, command):
    """Names of the functions that a run goes through."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        valgrind = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={out}"]
        subprocess.run([*valgrind, ruff, "run", *command], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True)
        with open(out, errors="replace") as file:
            names = (FUNCTION.match(line) for line in file)
            return {match[1].split("'")[0] for match in names if match}


def functions(ruff):
    """Functions of the program by their names, which begin with the module: how it was ordered before has no say in it."""
    symbols = subprocess.run(["nm", ruff], check=True, capture_output=True, text=True).stdout
    return sorted({line.split()[-1] for line in symbols.splitlines() if line.split()[-2] in "tTwW"})


def main():
    ruff = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "target", "release", "ruff"))
    rows = quick_rows()
    first = executed(ruff, [os.path.join(PROGRAMS, "hello", "hello.ruff")])
    parts = [first, set().union(*(executed(ruff, row) for row in rows)), set().union(*(executed(ruff, e) for e in examples()))]
    written, known = set(), [name for name in functions(ruff) if not PASSING.search(name)]
    with open(LIST, "w") as file:
        for part in parts:
            names = [name for name in known if name in part and name not in written]
            file.writelines(name + "\n" for name in names)
            written.update(names)
    print(f"{len(written)} of {len(known)} functions")


if __name__ == "__main__":
    main()
