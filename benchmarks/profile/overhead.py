#!/usr/bin/env python3
"""What `ruff profile` costs: programs with and without it in turn, processor time, the best of several rounds.

    benchmarks/profile/overhead.py [--ruff PROGRAM] [--rounds N] [--engine ENGINE]... [--least SHARE]

Start-up is taken off both sides by programs that run for half a second or so. Exit code 1 if the mean is above SHARE (0.05).
"""
import argparse
import math
import pathlib
import resource
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "benchmarks/cross-language/programs"
# Sizes for about half a second: tree walker, VM, compiled.
SIZES = {
    "fib_recursive": ("32", "35", "40"),
    "nbody": ("30000", "150000", "6000000"),
    "quicksort": ("200000", "1000000", "5000000"),
    "struct_methods": ("500000", "4000000", "40000000"),
    "closures": ("700000", "3000000", "25000000"),
    "sieve": ("2500000", "12000000", "60000000"),
    "binary_trees": ("14", "15", "17"),
    "json_roundtrip": ("60000", "100000", "100000"),
}
ENGINES = ["interp", "vm", "jit"]


def seconds(words):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.decode().strip()}")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ruff", default=str(ROOT / "target/release/ruff"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--least", type=float, default=0.05)
    options = parser.parse_args()
    worst = 0.0
    for engine in options.engine or ENGINES:
        logs = []
        for name, sizes in SIZES.items():
            script = str(PROGRAMS / name / f"{name}.ruff")
            tail = ["--engine", engine, script, sizes[ENGINES.index(engine)]]
            plain, watched = [], []
            for _ in range(options.rounds):
                plain.append(seconds([options.ruff, "run", *tail]))
                watched.append(seconds([options.ruff, "profile", *tail]))
            share = min(watched) / min(plain) - 1
            logs.append(math.log1p(share))
            print(f"{engine:<7} {name:<16} {min(plain):6.3f} s  profiled {min(watched):6.3f} s  {share:+6.1%}", flush=True)
        mean = math.expm1(sum(logs) / len(logs))
        worst = max(worst, mean)
        print(f"{engine:<7} {'mean':<16} {mean:+.1%}", flush=True)
    return 0 if worst <= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
