#!/usr/bin/env python3
"""Runs `ruff bench` twice and counts the rows whose second result lies within the interval that the first one stated.

    benchmarks/repeat/repeat.py [--ruff PROGRAM] [--least SHARE] [-- ARGUMENTS OF ruff bench]

The intervals promise 95 %; exit code 1 if fewer than SHARE (0.9) of the rows keep it, both ways taken together.
"""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def measure(program, words):
    output = subprocess.run([program, "bench", "--json", *words], capture_output=True, text=True, cwd=ROOT)
    if output.returncode != 0:
        sys.exit(f"ruff bench ended with {output.returncode}: {output.stderr.strip()}")
    rows = json.loads(output.stdout)["rows"]
    return {(row["script"], row["engine"]): row["summary"] for row in rows}


def inside(summary, other):
    low, high = summary["interval"]
    return low <= other["median"] <= high


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ruff", default=str(ROOT / "target/release/ruff"))
    parser.add_argument("--least", type=float, default=0.9)
    parser.add_argument("words", nargs="*", default=["--cpu", "examples/benchmarks"])
    options = parser.parse_args()
    first, second = measure(options.ruff, options.words), measure(options.ruff, options.words)
    kept = 0
    for key, summary in first.items():
        there, back = inside(summary, second[key]), inside(second[key], summary)
        kept += there + back
        width = (summary["interval"][1] - summary["interval"][0]) / 2 / summary["median"]
        change = second[key]["median"] / summary["median"] - 1
        mark = "inside" if there else "OUTSIDE"
        print(f"{key[0]:<22} {key[1]:<7} {summary['median'] / 1e3:>11.2f} µs ±{width:6.2%}  again {change:+7.2%}  {mark}")
    rows = sum(inside(summary, second[key]) for key, summary in first.items())
    share = kept / (2 * len(first))
    print(f"{rows} of {len(first)} rows inside the first run's interval; both ways {share:.0%} (95 % expected)")
    return 0 if share >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
