"""The tables of the benchmark runner: which programs run with which sizes, and which engines run them."""

from collections import namedtuple

# name      the row's name
# program   folder under programs/
# args      command line of a full run: Go needs roughly 5 to 100 ms, in long rows 100 to 500
# quick     command line of `--quick`
# compiled  run by engines that compile to machine code only
Row = namedtuple("Row", "name program args quick compiled", defaults=(False,))


def long(program, args, quick):
    """The program at a size at which Go needs roughly 100 to 500 ms, so that starting and compiling no longer count."""
    return Row(f"{program}_long", program, args, quick, True)


ROWS = [
    Row("fib_recursive", "fib_recursive", "30", "20"),
    Row("fib_recursive_35", "fib_recursive", "35", "21"),
    Row("fib_exact", "fib_exact", "100000", "5000"),
    Row("fib_mod", "fib_mod", "3000000", "20000"),
    Row("array_sum", "array_sum", "1000000 3", "20000 1"),
    Row("hash_map", "hash_map", "100000 3", "5000 1"),
    Row("dict_1000", "dict_strings", "1000 100", "1000 2"),
    Row("dict_100k", "dict_strings", "100000 2", "5000 1"),
    Row("nested_loops", "nested_loops", "1000 10", "100 2"),
    Row("string_concat", "string_concat", "100000 5", "5000 1"),
    Row("array_build", "array_build", "200000 2", "5000 1"),
    Row("objects", "objects", "100000 5", "5000 1"),
    Row("nbody", "nbody", "100000", "500"),
    Row("spectral_norm", "spectral_norm", "300", "20"),
    Row("fannkuch", "fannkuch", "9", "6"),
    Row("mandelbrot", "mandelbrot", "400", "40"),
    Row("matmul", "matmul", "200", "30"),
    Row("matmul_zero", "matmul_zero", "200", "30"),
    Row("sieve", "sieve", "2000000", "20000"),
    Row("nqueens", "nqueens", "11", "6"),
    Row("binary_trees", "binary_trees", "13", "6"),
    Row("quicksort", "quicksort", "200000", "3000"),
    Row("mergesort", "mergesort", "100000", "3000"),
    Row("json_roundtrip", "json_roundtrip", "2000 5", "100 1"),
    Row("word_count", "word_count", "120000", "6000"),
    Row("split_join", "split_join", "20000 3", "500 1"),
    Row("closures", "closures", "1000000", "10000"),
    Row("struct_methods", "struct_methods", "1000000", "10000"),
    Row("pipeline", "pipeline", "100000 10", "5000 1"),
    Row("fib_recursive_40", "fib_recursive", "40", "22", True),
    # Ten million operations.
    long("hash_map", "100000 50", "6000 1"),
    long("nested_loops", "1000 400", "100 3"),
    long("nbody", "2000000", "600"),
    long("spectral_norm", "1000", "25"),
    long("fannkuch", "10", "7"),
    long("mandelbrot", "1500", "50"),
    long("matmul", "500", "35"),
    long("matmul_zero", "500", "35"),
    long("sieve", "20000000", "30000"),
    long("nqueens", "13", "7"),
    long("binary_trees", "17", "7"),
    long("quicksort", "3000000", "4000"),
    long("mergesort", "1000000", "4000"),
    long("json_roundtrip", "2000 30", "200 1"),
    long("word_count", "1000000", "7000"),
    long("split_join", "20000 30", "600 1"),
    long("string_concat", "100000 60", "6000 1"),
    long("closures", "20000000", "20000"),
    long("struct_methods", "20000000", "20000"),
    long("pipeline", "100000 200", "6000 1"),
]

# Programs on which the bytecode VM is held against Lua, and the tree walker against CPython.
CORE12 = [
    "fib_recursive", "nested_loops", "array_sum", "sieve", "hash_map", "dict_100k",
    "string_concat", "struct_methods", "closures", "quicksort", "mergesort", "nbody",
]

# name      as used by --engines and in tables
# command   words before the program file; {ruff} is the built binary
# inside    words before the program file when it is repeated inside one process; {driver} repeats it
# ending    of the twin's file; Go programs are built first
# version   command that prints the version, for the result file
# package   what Debian calls it
Engine = namedtuple("Engine", "name command inside ending version package")

# Engines that compile to machine code.
COMPILED = ["ruff-jit", "go", "luajit", "node", "pypy"]


def ruff_inside(engine):
    """One process, as for the others: several would each begin cold."""
    return ["{ruff}", "bench", "--json", "--cpu", "-w", "0", "--processes", "1", "--engine", engine]


ENGINES = [
    Engine("ruff-interp", ["{ruff}", "run", "--engine", "interp"], ruff_inside("interp"), "ruff", ["{ruff}", "--version"], None),
    Engine("ruff-vm", ["{ruff}", "run", "--engine", "vm"], ruff_inside("vm"), "ruff", ["{ruff}", "--version"], None),
    Engine("ruff-jit", ["{ruff}", "run", "--engine", "jit"], ruff_inside("jit"), "ruff", ["{ruff}", "--version"], None),
    Engine("go", [], [], "go", ["go", "version"], "golang-go"),
    Engine("luajit", ["luajit"], ["luajit", "{driver}"], "lua", ["luajit", "-v"], "luajit"),
    Engine("lua", ["lua5.4"], ["lua5.4", "{driver}"], "lua", ["lua5.4", "-v"], "lua5.4"),
    Engine("node", ["node"], ["node", "{driver}"], "js", ["node", "--version"], "nodejs"),
    Engine("python", ["python3"], ["python3", "{driver}"], "py", ["python3", "--version"], "python3"),
    Engine("pypy", ["pypy3"], ["pypy3", "{driver}"], "py", ["pypy3", "--version"], "pypy3"),
    Engine("ruby", ["ruby"], ["ruby", "{driver}"], "rb", ["ruby", "--version"], "ruby"),
]

RUFF = [engine.name for engine in ENGINES if engine.name.startswith("ruff")]

# Engines that the Ruff ones are compared with, in the order of the table columns.
BASES = ["go", "luajit", "node", "pypy", "lua", "python", "ruby"]
