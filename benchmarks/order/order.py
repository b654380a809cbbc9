#!/usr/bin/env python3
"""Writes functions.txt: the functions of the release program that runs of scripts go through, by which build.rs orders them.

    cargo build --release && python3 benchmarks/order/order.py [RUFF]

Needs valgrind, which tells which instructions have run. First stand the functions of a program that prints a line, then those
of the programs of the cross-language suite, what most of them need before what few do, then those of examples/. Names carry
numbers of the compiler's and of the crates' versions: after an update, and now and then, the list is to be made again. A
function that is not in it stands where it would without it.
"""

import bisect
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = os.path.join(ROOT, "benchmarks", "cross-language", "programs")
LIST = os.path.join(HERE, "functions.txt")
# A line of costs begins with the address of an instruction.
INSTRUCTION = re.compile(r"(0x[0-9a-f]+) ")
# What the compiler has made visible between its own parts has another number after each change: any number is meant.
NUMBER = re.compile(r"\.llvm\.\d+$")


def quick_rows():
    """Programs of the suite with their arguments at small sizes."""
    with open(os.path.join(PROGRAMS, "..", "expected.tsv")) as file:
        lines = [line.split("\t") for line in file if line.startswith("quick")]
    return [[os.path.join(PROGRAMS, name, name + ".ruff"), *arguments.split()] for _, name, arguments, *_ in lines]


def examples():
    folder = os.path.join(ROOT, "examples")
    return [[os.path.join(folder, name)] for name in sorted(os.listdir(folder)) if name.endswith(".ruff")]


def symbols(ruff):
    """Names of the functions by address: one may have several."""
    text = subprocess.run(["nm", ruff], check=True, capture_output=True, text=True).stdout
    names = {}
    for line in text.splitlines():
        *address, kind, name = line.split()
        if kind in "tTwWi" and address:
            names.setdefault(int(address[0], 16), []).append(NUMBER.sub(".llvm.*", name))
    return names


def executed(ruff, names, command):
    """Names of the functions that a run goes through."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        valgrind = ["valgrind", "--tool=callgrind", "--dump-instr=yes", "--compress-pos=no", f"--callgrind-out-file={out}"]
        subprocess.run([*valgrind, ruff, "run", *command], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True)
        with open(out, errors="replace") as file:
            addresses = {int(match[1], 16) for match in map(INSTRUCTION.match, file) if match}
    starts = sorted(names)
    at = {bisect.bisect_right(starts, address) - 1 for address in addresses if starts[0] <= address <= starts[-1]}
    return {name for start in at for name in names[starts[start]]}


def by_use(runs):
    """What any of the runs goes through: what most do comes first, and what the same ones do stands together."""
    users = {name: [name in run for run in runs] for name in set().union(*runs)}
    return sorted(users, key=lambda name: (-sum(users[name]), users[name], name))


def main():
    ruff = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "target", "release", "ruff"))
    names = symbols(ruff)
    first, *rows = (executed(ruff, names, row) for row in [[os.path.join(PROGRAMS, "hello", "hello.ruff")], *quick_rows()])
    rest = set().union(*(executed(ruff, names, example) for example in examples()))
    listed = dict.fromkeys([*sorted(first), *by_use(rows), *sorted(rest)])
    with open(LIST, "w") as file:
        file.writelines(name + "\n" for name in listed)
    print(f"{len(listed)} of {len(names)} functions")


if __name__ == "__main__":
    main()
