#!/usr/bin/env python3
"""What `ruff profile` costs: programs with and without it in turn, processor time, the best of several rounds.

    benchmarks/profile/overhead.py [--ruff PROGRAM] [--rounds N] [--engine ENGINE]... [--most SHARE]

What a program without work takes is taken off both sides: first comes what starting the profiler and its report cost. Exit
code 1 if the mean of an engine is above SHARE (0.05), or that of a single program above twice as much.
"""
import argparse
import math
import pathlib
import resource
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "benchmarks/cross-language/programs"
# Sizes for about half a second, so that what comes on top is that of a program at work: tree walker, VM, compiled.
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


def best(ruff, rounds, tail):
    """Processor time without and with the profiler."""
    plain, watched = [], []
    for _ in range(rounds):
        plain.append(seconds([ruff, "run", *tail]))
        watched.append(seconds([ruff, "profile", *tail]))
    return min(plain), min(watched)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ruff", default=str(ROOT / "target/release/ruff"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--most", type=float, default=0.05)
    options = parser.parse_args()
    kept = True
    for engine in options.engine or ENGINES:
        script = lambda name: ["--engine", engine, str(PROGRAMS / name / f"{name}.ruff")]
        start, start_watched = best(options.ruff, 3 * options.rounds, script("hello"))
        print(f"{engine:<7} start and report {(start_watched - start) * 1e3:+.1f} ms", flush=True)
        logs = []
        for name, sizes in SIZES.items():
            plain, watched = best(options.ruff, options.rounds, [*script(name), sizes[ENGINES.index(engine)]])
            plain, watched = plain - start, watched - start_watched
            share = watched / plain - 1
            logs.append(math.log1p(share))
            kept &= share <= 2 * options.most
            print(f"{engine:<7} {name:<16} {plain:6.3f} s  profiled {watched:6.3f} s  {share:+6.1%}", flush=True)
        mean = math.expm1(sum(logs) / len(logs))
        kept &= mean <= options.most
        print(f"{engine:<7} {'mean':<16} {mean:+.1%}", flush=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
