#!/usr/bin/env python3
"""Are the results of `ruff bench` reproduced by a second run within the interval that the first one stated?

    benchmarks/repeat/repeat.py [--ruff PROGRAM] [--runs N] [-- ARGUMENTS OF ruff bench]

An interval says: a second run has its result here in 95 of 100 cases. So of all rows that two runs have, about one in twenty lies
outside by chance, and how many may is what a binomial distribution says: exit code 1 if so many rows lie outside that this happens
to true intervals in less than one of a hundred tries. With more runs each is the second one for the run before it.

A result is that of a machine in the state it was in. The share of all processors that other programs had meanwhile stands
beside each run: where it differs, the results do too.
"""
import argparse
import json
import math
import os
import pathlib
import resource
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIDENCE = 0.95
SIGNIFICANCE = 0.01


def busy():
    """Seconds that all processors have worked, and that they have been there, since the machine started."""
    ticks = [int(word) for word in open("/proc/stat").readline().split()[1:9]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK"), sum(ticks) / os.sysconf("SC_CLK_TCK")


def own():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(program, words):
    """Summaries by row, and the share of the machine that others had."""
    (worked, there), ours = busy(), own()
    output = subprocess.run([program, "bench", "--json", *words], capture_output=True, text=True, cwd=ROOT)
    if output.returncode != 0:
        sys.exit(f"ruff bench ended with {output.returncode}: {output.stderr.strip()}")
    (worked_now, there_now), ours = busy(), own() - ours
    rows = json.loads(output.stdout)["rows"]
    others = max(worked_now - worked - ours, 0.0) / (there_now - there)
    return {(row["script"], row["engine"]): row["summary"] for row in rows}, others


def inside(summary, other):
    low, high = summary["interval"]
    return low <= other["median"] <= high


def chance_of_at_most(count, tries):
    """That at most so many of the rows lie inside, if each does with the confidence that was stated."""
    term = lambda k: math.comb(tries, k) * CONFIDENCE**k * (1 - CONFIDENCE) ** (tries - k)
    return sum(term(k) for k in range(count + 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ruff", default=str(ROOT / "target/release/ruff"))
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("words", nargs="*", default=["--cpu", "examples/benchmarks"])
    options = parser.parse_args()
    runs = []
    for number in range(options.runs):
        rows, others = measure(options.ruff, options.words)
        runs.append(rows)
        print(f"run {number + 1}: {len(rows)} rows, others had {others:.0%} of the processors", flush=True)
    held, tries = 0, 0
    for first, second in zip(runs, runs[1:]):
        for key, summary in first.items():
            holds = inside(summary, second[key])
            held, tries = held + holds, tries + 1
            width = (summary["interval"][1] - summary["interval"][0]) / 2 / summary["median"]
            change = second[key]["median"] / summary["median"] - 1
            result = f"{summary['median'] / 1e3:>11.2f} µs ±{width:6.2%}  again {change:+7.2%}"
            print(f"{key[0]:<22} {key[1]:<7} {result}  {'inside' if holds else 'OUTSIDE'}")
    chance = chance_of_at_most(held, tries)
    print(f"{held} of {tries} rows inside, {held / tries:.1%}; of true intervals so few are in {chance:.1%} of all tries")
    return 1 if chance < SIGNIFICANCE else 0


if __name__ == "__main__":
    sys.exit(main())
