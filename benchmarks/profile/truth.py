#!/usr/bin/env python3
"""Is what `ruff profile` says true? Five parts of work, timed alone and then profiled together.

    benchmarks/profile/truth.py [--ruff PROGRAM] [--engine ENGINE]... [--points POINTS]

A part's share by the profile (its function with what it calls) stands beside its processor time alone, as a share of all.
Exit code 1 if any of them differ by more than POINTS (6) points of a hundred.
"""
import argparse
import json
import subprocess
import sys

from overhead import ENGINES, ROOT, seconds

SCRIPT = str(ROOT / "benchmarks/profile/parts.ruff")
PARTS = ["numbers", "calls", "sorts", "points", "texts"]
TURNS = {"interp": 1500, "vm": 5000, "jit": 15000}


def alone(ruff, engine, part, turns):
    """Processor time of one part, start-up taken off; the best of five."""
    run = lambda turns: min(seconds([ruff, "run", "--engine", engine, SCRIPT, part, str(turns)]) for _ in range(5))
    return run(turns) - run(1)


def profiled(ruff, engine, turns):
    """Shares of the functions, of three runs together: one gives each only to some points."""
    times, whole = {}, 0
    for _ in range(3):
        words = [ruff, "profile", "--json", "--engine", engine, SCRIPT, "all", str(turns)]
        report = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
        whole += report["sampled"]
        for share in report["functions"]:
            times[share["name"]] = times.get(share["name"], 0) + share["total"]
    return {name: time / whole for name, time in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ruff", default=str(ROOT / "target/release/ruff"))
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--points", type=float, default=6.0)
    options = parser.parse_args()
    worst = 0.0
    for engine in options.engine or ENGINES:
        turns = TURNS[engine]
        times = {part: alone(options.ruff, engine, part, turns) for part in PARTS}
        said = profiled(options.ruff, engine, turns)
        for part, time in times.items():
            true, claimed = time / sum(times.values()), said.get(part, 0.0)
            worst = max(worst, abs(claimed - true) * 100)
            print(f"{engine:<7} {part:<8} {time:6.3f} s  {true:6.1%} of all  by the profile {claimed:6.1%}", flush=True)
    print(f"at most {worst:.1f} points apart")
    return 0 if worst <= options.points else 1


if __name__ == "__main__":
    sys.exit(main())
