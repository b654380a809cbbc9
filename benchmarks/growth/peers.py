#!/usr/bin/env python3
"""What a key costs in a dict of growing size, here and in other languages.

Fills a dict with n string keys and with n scattered int keys, three million in all, in Ruff's engines, Lua, CPython, Go and
Rust, in turn. Prints nanoseconds of processor time per key, start-up taken off, as the least of the rounds, how much more
the largest size takes than the smallest, and how much longer the last ten times the keys take.
"""

import argparse
import os
import resource
import shutil
import subprocess
import tempfile

from growth import build

SIZES = [1_000, 10_000, 100_000, 1_000_000]
KEYS = 3_000_000
ENGINES = ["interp", "vm", "jit"]

RUFF = """\
func fill(n) {
    d := {}
    for i in 0..n { d[KEY] = i }
}
[n, rounds] := args().map(int)
for _ in 0..rounds { fill(n) }
"""
LUA = """\
local function fill(n)
  local d = {}
  for i = 0, n - 1 do d[KEY] = i end
end
for _ = 1, tonumber(arg[2]) do fill(tonumber(arg[1])) end
"""
PYTHON = """\
import sys
def fill(n):
    d = {}
    for i in range(n):
        d[KEY] = i
for _ in range(int(sys.argv[2])):
    fill(int(sys.argv[1]))
"""
GO = """\
package main

import (
	"os"
	"strconv"
)

func fill(n int) {
	d := map[TYPE]int{}
	for i := 0; i < n; i++ {
		d[KEY] = i
	}
}

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	rounds, _ := strconv.Atoi(os.Args[2])
	for ; rounds > 0; rounds-- {
		fill(n)
	}
	_ = strconv.Itoa(0)
}
"""
SCATTERED = "i * 7919 % 1000003"
RUST = """\
use std::collections::HashMap;
fn fill(n: i64) {
    let mut d = HashMap::new();
    for i in 0..n {
        d.insert(KEY, i);
    }
    std::hint::black_box(&d);
}
fn main() {
    let sizes: Vec<i64> = std::env::args().skip(1).map(|size| size.parse().unwrap()).collect();
    for _ in 0..sizes[1] {
        fill(sizes[0]);
    }
}
"""
KEYS_IN = {
    "string keys": {"ruff": '"k${i}"', "lua": '"k" .. i', "python": 'f"k{i}"', "go": '"k" + strconv.Itoa(i)',
                    "rust": 'format!("k{i}")'},
    "scattered int keys": dict.fromkeys(("ruff", "lua", "python", "go", "rust"), SCATTERED),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--ruff", metavar="PATH", help="use this binary instead of building one")
    parser.add_argument("--python", default="python3", metavar="PATH", help="the CPython to compare with")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        for title, keys in KEYS_IN.items():
            commands = prepare(folder, title.split()[0], keys, options)
            show(title, measure(commands, options.rounds))


def prepare(folder, name, keys, options):
    """The command of each language that is installed."""
    sources = {"ruff": (RUFF, "ruff"), "lua": (LUA, "lua"), "python": (PYTHON, "py"), "go": (GO, "go"), "rust": (RUST, "rs")}
    commands = {}
    for language, (text, ending) in sources.items():
        path = os.path.join(folder, f"{name}.{ending}")
        with open(path, "w") as file:
            file.write(text.replace("KEY", keys[language]).replace("TYPE", "string" if name == "string" else "int"))
        program = {"ruff": options.ruff or build(), "lua": "lua5.4", "python": options.python, "go": "go", "rust": "rustc"}[language]
        if not shutil.which(program):
            continue
        if language == "go":
            subprocess.run(["go", "build", "-o", path + ".bin", path], check=True)
            commands["Go"] = [path + ".bin"]
        elif language == "rust":
            subprocess.run(["rustc", "-O", "--edition", "2021", "-o", path + ".bin", path], check=True)
            commands["Rust"] = [path + ".bin"]
        elif language == "ruff":
            commands.update({f"Ruff, {engine}": [program, "run", "--engine", engine, path] for engine in ENGINES})
        else:
            commands[language.title()] = [program, path]
    return commands


def measure(commands, rounds):
    """Nanoseconds per key of each language and size: the least of rounds in which all take turns."""
    start_up = {name: min(seconds(command, 1, 1) for _ in range(5)) for name, command in commands.items()}
    best = {}
    for _ in range(rounds):
        for n in SIZES:
            for name, command in commands.items():
                time = seconds(command, n, KEYS // n) - start_up[name]
                best[name, n] = min(time, best.get((name, n), time))
    return {name: [best[name, n] * 1e9 / KEYS for n in SIZES] for name in commands}


def seconds(command, n, rounds):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, str(n), str(rounds)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def show(title, rows):
    print(f"\n| {title} | " + " | ".join(f"{n:_}" for n in SIZES) + " | growth | last tenfold |\n|---|" + "---:|" * (len(SIZES) + 2))
    for name, costs in rows.items():
        cells = [f"{cost:.0f}" for cost in costs] + [f"{costs[-1] / costs[0]:.1f}", f"{10 * costs[-1] / costs[-2]:.1f}"]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
