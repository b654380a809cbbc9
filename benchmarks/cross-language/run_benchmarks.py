#!/usr/bin/env python3
"""Runs the same programs in Ruff (per engine) and in other languages, and compares them.

Whole processes are measured, in interleaved rounds: CPU time (all threads), wall time and peak memory. With `--inside`
each process runs its program again and again, and what counts is the CPU time of a run after a warm-up. The outputs must
agree; an engine that fails or disagrees gets an error row and the rest continues. Results go to `results/` as JSON and
as Markdown. Only the standard library is used.
"""

import argparse
import collections
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import report
from benchmarks_table import COMPILED, CORE12, ENGINES, ROWS, RUFF, Row

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(HERE, "build")
EXPECTED = os.path.join(HERE, "expected.tsv")
HELLO = Row("hello", "hello", "", "")

# CPU seconds of one run from which an engine gets fewer rounds of that program, and how many.
FEWER_ROUNDS = [(4.0, 1), (1.5, 2), (0.6, 3)]


def main():
    options = parse_options()
    rows = choose_rows(options)
    names = choose_engines(options)
    launcher = build_launcher()
    ruff, ruff_problem = find_ruff(options) if set(names) & set(RUFF) else (None, None)
    present, missing = detect(names, ruff, ruff_problem)
    for line in missing:
        say(line)
    if not present:
        sys.exit("no engine to run")
    commands = prepare(present, rows + [HELLO], ruff, options.inside)
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
        kind = InsideRunner if options.inside else Runner
        runner = kind(options, launcher, commands, scratch)
        runner.run_all(rows)
    if options.record:
        record(runner.cells, options.quick)
    compare_outputs(runner.cells, present, recorded(), options.quick)
    result = report.summarise(runner, present, missing, ruff, options.set == "core12")
    text = report.markdown(result)
    print(text)
    if not options.no_save:
        for path in report.save(result, text, options.results):
            say(f"written: {path}")
    failed = [cell for cell in runner.cells.values() if cell.error]
    sys.exit(1 if failed else 0)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", metavar="NAME,…", help="rows or programs to run (default: all)")
    parser.add_argument("--set", choices=["all", "core12"], default="all", help="a named set of rows")
    parser.add_argument("--engines", metavar="NAME,…", help="engines to run; `ruff` stands for its three")
    parser.add_argument("--rounds", type=int, help="rounds over all programs (default: 5; 3 with --inside)")
    parser.add_argument("--inside", action="store_true", help="measure runs inside one process, after a warm-up")
    parser.add_argument("--seconds", type=float, default=0.6, help="time of each process with --inside (default: 0.6)")
    parser.add_argument("--quick", action="store_true", help="small sizes and one round: does everything run and agree?")
    parser.add_argument("--timeout", type=float, default=60, metavar="S", help="per run (default: 60)")
    parser.add_argument("--budget", type=float, default=13, metavar="MIN", help="start no round that would pass this")
    parser.add_argument("--ruff", metavar="PATH", help="use this binary instead of building one")
    parser.add_argument("--results", default=os.path.join(HERE, "results"), metavar="DIR")
    parser.add_argument("--no-save", action="store_true", help="only print the tables")
    parser.add_argument("--record", action="store_true", help="write what the other languages print to expected.tsv")
    parser.add_argument("--list", action="store_true", help="list rows and engines")
    options = parser.parse_args()
    if options.list:
        print("rows:   ", " ".join(row.name for row in ROWS))
        print("core12: ", " ".join(CORE12))
        print("engines:", " ".join(engine.name for engine in ENGINES))
        sys.exit(0)
    options.rounds = options.rounds or (3 if options.inside else 5)
    if options.quick:
        options.rounds = 1
        options.seconds = 0.05
        options.no_save = True
    return options


def choose_rows(options):
    rows = ROWS if options.set == "all" else [row for row in ROWS if row.name in CORE12]
    if not options.only:
        return rows
    wanted = options.only.split(",")
    unknown = [w for w in wanted if not any(w in (row.name, row.program) for row in ROWS)]
    if unknown:
        sys.exit(f"unknown rows: {', '.join(unknown)} (--list shows them)")
    return [row for row in ROWS if row.name in wanted or row.program in wanted]


def choose_engines(options):
    names = [engine.name for engine in ENGINES]
    if not options.engines:
        return ["ruff-interp", "ruff-vm", "lua", "python"] if options.set == "core12" else names
    wanted = []
    for word in options.engines.split(","):
        word = {"interp": "ruff-interp", "vm": "ruff-vm", "jit": "ruff-jit"}.get(word, word)
        wanted += RUFF if word == "ruff" else [word]
    unknown = [w for w in wanted if w not in names]
    if unknown:
        sys.exit(f"unknown engines: {', '.join(unknown)} (--list shows them)")
    return [name for name in names if name in wanted]


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- what is there, and building it ---------------------------------------------------------------------------------


def build_launcher():
    os.makedirs(BUILD, exist_ok=True)
    source, target = os.path.join(HERE, "launch.rs"), os.path.join(BUILD, "launch")
    if not newer(target, source):
        built = subprocess.run(["rustc", "-O", "--edition", "2021", "-o", target, source])
        if built.returncode != 0:
            sys.exit("launch.rs does not build; the measurements need it")
    return target


def newer(target, source):
    return os.path.exists(target) and os.path.getmtime(target) >= os.path.getmtime(source)


def installed(path, name):
    """A copy of a program, as installing makes one: the file that a linker has written lies in the system's memory in small pieces,
    which costs each start of it up to a millisecond."""
    os.makedirs(BUILD, exist_ok=True)
    copy = os.path.join(BUILD, name)
    if os.path.exists(copy):
        os.remove(copy)
    return shutil.copy(path, copy)


def find_ruff(options):
    """The binary and, when there is none, why."""
    if options.ruff:
        path = os.path.abspath(options.ruff)
        if not os.access(path, os.X_OK):
            return None, f"{options.ruff} is not an executable file"
        return installed(path, "ruff"), None
    say("building Ruff (cargo build --release) …")
    if subprocess.run(["cargo", "build", "--release", "--quiet", "--bin", "ruff"], cwd=ROOT).returncode != 0:
        return None, "cargo build --release failed"
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    return installed(os.path.join(target, "release", "ruff"), "ruff"), None


def detect(names, ruff, ruff_problem):
    """Engines that can run, and one line for each that cannot."""
    present, missing = [], []
    for engine in ENGINES:
        if engine.name not in names:
            continue
        if engine.name in RUFF:
            if ruff:
                present.append(engine)
            else:
                missing.append(f"{engine.name}: not available ({ruff_problem})")
        elif shutil.which(engine.version[0]):
            present.append(engine)
        else:
            missing.append(f"{engine.name}: not installed (apt-get install {engine.package})")
    return present, missing


def prepare(present, rows, ruff, inside):
    """The command for each (program, engine); a twin that is missing or does not build is the error instead."""
    commands = {}
    programs = sorted({row.program for row in rows})
    for engine in present:
        if engine.name == "go":
            say("building the Go programs …")
        for program in programs:
            source = os.path.join(HERE, "programs", program, f"{program}.{engine.ending}")
            if not os.path.exists(source):
                commands[program, engine.name] = f"no {engine.ending} twin"
            elif engine.name == "go":
                commands[program, engine.name] = build_go(program, source, inside)
            else:
                words = engine.inside if inside else engine.command
                driver = os.path.join(HERE, "inside", f"inside.{engine.ending}")
                commands[program, engine.name] = [word.format(ruff=ruff, driver=driver) for word in words] + [source]
    return commands


def build_go(program, source, inside):
    """With `inside` the driver is a second file of the program, which must lie in the same folder."""
    folder = os.path.join(BUILD, f"{program}.go.inside" if inside else f"{program}.go.plain")
    target = os.path.join(folder, program)
    driver = os.path.join(HERE, "inside", "inside.go")
    sources = [source, driver] if inside else [source]
    if not all(newer(target, file) for file in sources):
        os.makedirs(folder, exist_ok=True)
        copies = [shutil.copy(file, folder) for file in sources]
        built = subprocess.run(["go", "build", "-o", target] + copies, capture_output=True, text=True)
        if built.returncode != 0:
            return "go build: " + last_line(built.stderr)
    return [installed(target, f"{os.path.basename(folder)}.installed")]


# ---- running ---------------------------------------------------------------------------------------------------------


class Cell:
    """What one engine did with one row."""

    def __init__(self, row, engine):
        self.row, self.engine = row, engine
        self.cpu, self.wall, self.peak = [], [], []
        self.output = None
        # Bytes, where only their number is known.
        self.printed = None
        self.error = None

    def wants_more(self, rounds):
        if self.error:
            return False
        if self.cpu:
            for limit, fewer in FEWER_ROUNDS:
                if min(self.cpu) > limit:
                    rounds = min(rounds, fewer)
                    break
        return len(self.cpu) < rounds


class Runner:
    def __init__(self, options, launcher, commands, scratch):
        self.options, self.launcher, self.commands, self.scratch = options, launcher, commands, scratch
        self.engines = list(dict.fromkeys(engine for _, engine in commands))
        self.cells = collections.OrderedDict()
        self.rounds = 0

    def run_all(self, rows):
        began = time.monotonic()
        self.measure_start_up()
        for number in range(self.options.rounds):
            before = time.monotonic()
            self.run_round(rows, number)
            self.rounds += 1
            passed, length = time.monotonic() - began, time.monotonic() - before
            say(f"round {number + 1} of {self.options.rounds}: {length:.0f} s")
            # Later rounds leave out slow pairs, so the length of this one is an upper bound.
            if passed + length > self.options.budget * 60 and number + 1 < self.options.rounds:
                say("stopping here, the next round would pass the time budget")
                break

    def measure_start_up(self):
        for _ in range(1 if self.options.quick else max(10, self.options.rounds)):
            for engine in self.engines:
                self.run_cell(HELLO, engine, 100)

    def run_round(self, rows, number):
        for row in rows:
            if sys.stderr.isatty():
                print(f"\r\033[Kround {number + 1}: {row.name}", end="", file=sys.stderr, flush=True)
            # Every other round goes the other way, so that no engine always runs after the same neighbour.
            for engine in self.engines if number % 2 == 0 else reversed(self.engines):
                if engine in COMPILED or not row.compiled:
                    self.run_cell(row, engine, self.options.rounds)
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)

    def run_cell(self, row, engine, rounds):
        cell = self.cells.setdefault((row.name, engine), Cell(row, engine))
        if not cell.wants_more(rounds):
            return
        command = self.commands[row.program, engine]
        if isinstance(command, str):
            cell.error = command
            return
        self.run_once(cell, command + sizes(row, self.options.quick).split())

    def run_once(self, cell, command):
        output = self.run_process(cell, command)
        if output is None:
            return
        self.keep_output(cell, output)
        wall, user, system, _ = self.cost()
        cell.wall.append(wall / 1e6)
        cell.cpu.append((user + system) / 1e6)

    def run_process(self, cell, command, environment=None):
        """What the command prints; None if it fails, which is noted."""
        measured = os.path.join(self.scratch, "measured")
        if os.path.exists(measured):
            os.remove(measured)
        child = subprocess.Popen(
            [self.launcher, measured] + command, cwd=self.scratch, start_new_session=True, text=True, errors="replace",
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            output, errors = child.communicate(timeout=self.options.timeout)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            cell.error = f"took longer than {self.options.timeout:.0f} s"
            return None
        if child.returncode != 0:
            cell.error = f"exit {child.returncode}: {last_line(errors or output)}"
            return None
        cell.peak.append(self.cost()[3])
        return output

    def cost(self):
        """Of the last process: wall, user and system time in microseconds, peak memory in KiB."""
        with open(os.path.join(self.scratch, "measured")) as file:
            return [int(word) for word in file.read().split()][:4]

    def keep_output(self, cell, output):
        if cell.output is not None and cell.output != output:
            cell.error = "the output differs from run to run"
        cell.output = output


class InsideRunner(Runner):
    """Each process repeats its program; the second half of the runs count, by their median."""

    def measure_start_up(self):
        pass

    def run_once(self, cell, command):
        if cell.engine in RUFF:
            self.run_ruff(cell, command)
            return
        report = os.path.join(self.scratch, "times")
        seconds = str(self.options.seconds)
        program = next(at for at, word in enumerate(command) if os.path.basename(word).split(".")[0] == cell.row.program)
        words = command[:program] + [report, seconds] + command[program:]
        environment = None
        if cell.engine == "go":
            words, environment = command, {**os.environ, "INSIDE_REPORT": report, "INSIDE_SECONDS": seconds}
        output = self.run_process(cell, words, environment)
        if output is not None:
            self.keep_output(cell, output)
            with open(report) as file:
                self.keep_times(cell, [float(line) for line in file])

    def run_ruff(self, cell, command):
        """Ruff's own runner does the same; it keeps what the program prints to itself and gives its length."""
        at = next(at for at, word in enumerate(command) if word.endswith(".ruff"))
        words = command[:at] + ["--time", f"{self.options.seconds}s", command[at], "--"] + command[at + 1:]
        output = self.run_process(cell, words)
        if output is not None:
            row = json.loads(output)["rows"][0]
            cell.printed = row["output"]
            self.keep_times(cell, [time / row["repeat"] / 1e9 for time in row["times"]])

    def keep_times(self, cell, times):
        cell.cpu.append(statistics.median(times[len(times) // 2:]))


def last_line(text):
    """The line of an error output that says most: the first of Ruff's and Go's, the last of the others' traces."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if not lines:
        return "no message"
    trace = lines[0].startswith("Traceback")
    return (lines[-1] if trace else lines[0])[:160]


def sizes(row, quick):
    return row.quick if quick else row.args


def compare_outputs(cells, present, known, quick):
    """Marks the cells whose output is not what it should be.

    That is what most of the other languages print; where none ran, what they printed when `expected.tsv` was recorded.
    """
    for name in dict.fromkeys(name for name, _ in cells):
        outputs = {e.name: cells[name, e.name].output for e in present if (name, e.name) in cells}
        outputs = {engine: output for engine, output in outputs.items() if output is not None}
        row = next(cell.row for (row_name, _), cell in cells.items() if row_name == name)
        remembered = known.get((row.program, sizes(row, quick)))
        voters = [text for engine, text in outputs.items() if engine not in RUFF]
        voters = voters or ([remembered + "\n"] if remembered else list(outputs.values()))
        if not voters:
            continue
        expected = collections.Counter(voters).most_common(1)[0][0]
        for engine, text in outputs.items():
            if text != expected:
                cells[name, engine].error = f"printed `{text.strip()[:60]}`, expected `{expected.strip()[:60]}`"
        for engine in (e.name for e in present):
            printed = cells[name, engine].printed if (name, engine) in cells else None
            if printed is not None and printed != len(expected.encode()):
                cells[name, engine].error = f"printed {printed} bytes, expected `{expected.strip()[:60]}`"


def recorded():
    """(program, arguments) → the line it prints."""
    if not os.path.exists(EXPECTED):
        return {}
    with open(EXPECTED) as file:
        lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return {(program, args): output for _, program, args, output in lines}


def record(cells, quick):
    known = recorded()
    for (name, engine), cell in cells.items():
        if engine not in RUFF and cell.output is not None:
            key = cell.row.program, sizes(cell.row, quick)
            output = cell.output.strip()
            if known.setdefault(key, output) != output:
                sys.exit(f"{name} on {engine} printed {output}, recorded is {known[key]}; nothing written")
    with open(EXPECTED, "w") as file:
        file.write("# size, program, arguments, output: what every twin prints; written by run_benchmarks.py --record\n")
        small = {(row.program, row.quick) for row in ROWS}
        for (program, args), output in sorted(known.items()):
            size = "quick" if (program, args) in small else "full"
            file.write(f"{size}\t{program}\t{args}\t{output}\n")


if __name__ == "__main__":
    main()
