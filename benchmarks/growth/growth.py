#!/usr/bin/env python3
"""Does ten times the work take ten times the time?

Runs every operation that the language promises to do in constant time (`promises.py`) n and 10 n times, with the value
in locals, globals, captured variables and fields, on each engine. Prints the ratio of CPU times, start-up taken off, twice:
for 300 and 3000 steps, done again and again, where every value fits the nearest caches of the processor and the ratio is
that of the algorithm; and for sizes at which once takes long enough, up to millions of steps, of dicts up to a million. Flags
what is above 12. Exits 1 if something is flagged, fails, or gives a wrong result.

Where the larger sizes give more than 12 the instructions are counted, too, by valgrind at sizes that it can stand: where
ten times the work takes ten times the instructions the rest is misses of the caches, and the row is marked with `m`
instead of being flagged. `peers.py` shows what such dicts cost elsewhere.

The other half of each promise is checked before: who else holds the value keeps what it had, and what throws in the
middle leaves the value as it was (`twin` in `promises.py`, and `keeps_old_values.ruff`).
"""

import argparse
import math
import os
import resource
import signal
import subprocess
import sys
import tempfile

from promises import PLACES, PROMISES, program, twin

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LIMIT = 12.0
# The size that the table of promises says the results of.
CHECKED = 1000
# Tenfold a dict of so many keys and its texts are still below 256 KiB, which a core has close to it and for itself.
CACHED = 300


def main():
    options = parse_options()
    engines = options.engines.split(",")
    ruff = options.ruff or build()
    with tempfile.TemporaryDirectory(prefix="growth-") as folder:
        cases = [(promise, place, write(folder, number, promise, place))
                 for number, promise in enumerate(PROMISES) for place in PLACES if program(promise, place)
                 if options.only in promise.name and (options.place or place.name) == place.name]
        bench = Bench(ruff, folder, options)
        flagged = keeps_old_values(bench, engines) + twins(bench, engines, folder, options)
        print("| operation | place | " + " | ".join(engines) + " |\n|---|---|" + "---:|" * len(engines))
        for promise, place, path in cases:
            cells = [bench.judge(path, engine, promise) for engine in engines]
            flagged += sum(not good for _, good in cells)
            print(f"| `{promise.name}` | {place.name} | " + " | ".join(text for text, _ in cells) + " |", flush=True)
    print(f"\n{flagged} of {len(cases) * len(engines)} above {LIMIT:.0f} or failing" if flagged else "\nall within the limit")
    sys.exit(1 if flagged else 0)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--ruff", metavar="PATH", help="use this binary instead of building one")
    parser.add_argument("--engines", default="interp,vm", metavar="NAME,…", help="default: interp,vm")
    parser.add_argument("--only", default="", metavar="TEXT", help="operations whose name contains this")
    parser.add_argument("--place", metavar="NAME", help="one place: " + ", ".join(place.name for place in PLACES))
    parser.add_argument("--least", type=float, default=0.05, metavar="S", help="net time to reach at n (default: 0.05)")
    parser.add_argument("--check", action="store_true", help="only run each program once, at 1000, and compare its result")
    return parser.parse_args()


def build():
    subprocess.run(["cargo", "build", "--release", "--quiet", "--bin", "ruff"], cwd=ROOT, check=True)
    return os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "ruff")


def write(folder, number, promise, place):
    path = os.path.join(folder, f"{number:02}_{place.name.replace(' ', '_')}.ruff")
    with open(path, "w") as file:
        file.write(program(promise, place))
    return path


class Failed(Exception):
    pass


class Bench:
    def __init__(self, ruff, folder, options):
        self.ruff, self.options = ruff, options
        self.empty = os.path.join(folder, "empty.ruff")
        open(self.empty, "w").close()
        self.start_up = {}

    def judge(self, path, engine, promise):
        """The text of a cell, and whether it is good."""
        try:
            _, printed = self.run(path, engine, (CHECKED, 1))
            if printed.strip() != promise.expected:
                return f"✗ printed {printed.strip()[:40]}, expected {promise.expected}", False
            if self.options.check:
                return "ok", True
            cached = self.ratio(path, engine, *self.rounds_for_cached(path, engine))
            large = self.ratio(path, engine, *self.calibrate(path, engine, promise.largest // 10))
        except Failed as failure:
            return f"✗ {failure}", False
        text = f"{cached:.1f} / {large:.1f}"
        if large > LIMIT:
            counted = self.instructions(path, engine, 20_000), self.instructions(path, engine, 200_000)
            steps = counted[1] / counted[0] if None not in counted else math.inf
            text += f" ({steps:.1f} instructions) " + ("m" if steps <= LIMIT else "✗")
            return text, max(cached, steps) <= LIMIT
        return (text, True) if cached <= LIMIT else (text + " ✗", False)

    def instructions(self, path, engine, n):
        """Instructions of a run less those of an empty one; None without valgrind."""
        counts = []
        for script, size in ((path, n), (self.empty, 0)):
            command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", self.ruff, "run", "--engine", engine]
            command += [script, str(size), "1"]
            try:
                child = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            except FileNotFoundError:
                return None
            collected = [line.split()[-1] for line in child.stderr.splitlines() if "Collected" in line]
            if child.returncode != 0 or not collected:
                return None
            counts.append(int(collected[0]))
        return counts[0] - counts[1]

    def rounds_for_cached(self, path, engine):
        """The smaller of the sizes that fit the caches, and how often it is done to take long enough to be timed."""
        rounds = 10
        while self.net(path, engine, (CACHED, rounds)) < self.options.least:
            rounds *= 2
        return CACHED, rounds

    def calibrate(self, path, engine, most):
        """A size at which doing it once takes long enough to be timed, if one up to `most` does."""
        n = 10_000
        while n < most:
            seconds = self.net(path, engine, (n, 1))
            if seconds >= self.options.least:
                break
            n *= 2 if seconds > self.options.least / 4 else 4
        return min(n, most), 1

    def ratio(self, path, engine, n, rounds):
        """Ten times n beside n; best of up to six pairs, one that is clearly good needs no second."""
        least = longest = math.inf
        for _ in range(6):
            least = min(least, self.net(path, engine, (n, rounds)))
            longest = min(longest, self.net(path, engine, (10 * n, rounds), timeout=max(5.0, 60 * least)))
            if longest / least <= LIMIT * 0.9:
                break
        return longest / max(least, 0.001)

    def net(self, path, engine, size, timeout=60.0):
        if engine not in self.start_up:
            self.start_up[engine] = min(self.run(self.empty, engine, (0, 0))[0] for _ in range(5))
        return self.run(path, engine, size, timeout)[0] - self.start_up[engine]

    def run(self, path, engine, size, timeout=60.0):
        """CPU seconds and output of one run for (n, rounds), which may take `timeout` seconds of CPU time."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [self.ruff, "run", "--engine", engine, path, *map(str, size)]
        seconds = math.ceil(timeout)
        child = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds)))
        output, errors = child.stdout, child.stderr
        if child.returncode == -signal.SIGKILL:
            raise Failed(f"n = {size[0]} took longer than {seconds} s")
        if child.returncode != 0:
            raise Failed(f"exit {child.returncode}: {(errors.strip().splitlines() or ['no message'])[0][:100]}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, output


def keeps_old_values(bench, engines):
    """The other half of the promise: whoever else holds the value keeps what it had."""
    failures = 0
    for engine in engines:
        try:
            bench.run(os.path.join(HERE, "keeps_old_values.ruff"), engine, (0, 0))
        except Failed as failure:
            failures += 1
            print(f"keeps_old_values.ruff on {engine}: {failure}\n")
    return failures


def twins(bench, engines, folder, options):
    """The same for each promise in each place."""
    failures = 0
    for number, promise in enumerate(PROMISES):
        for place in PLACES:
            text = twin(promise, place)
            if text is None or options.only not in promise.name or (options.place or place.name) != place.name:
                continue
            path = os.path.join(folder, f"twin_{number:02}_{place.name.replace(' ', '_')}.ruff")
            with open(path, "w") as file:
                file.write(text)
            for engine in engines:
                try:
                    bench.run(path, engine, (300, 1))
                except Failed as failure:
                    failures += 1
                    print(f"`{promise.name}` in a {place.name} on {engine}: {failure}\n")
    return failures


if __name__ == "__main__":
    main()
