"""From measurements to numbers, and from numbers to Markdown and JSON."""

import datetime
import json
import math
import os
import platform
import statistics
import subprocess

from benchmarks_table import BASES, CORE12, RUFF

# A run that takes hardly longer than hello world counts as this long after start-up is taken off.
SHORTEST = 0.0005


def summarise(runner, present, missing, ruff, core12):
    engines = [engine.name for engine in present]
    rows = list(dict.fromkeys(name for name, _ in runner.cells if name != "hello"))
    result = {
        "schema": "rufflang.cross-language/1",
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": {engine.name: version(engine, ruff) for engine in present},
        "missing": missing,
        "rounds": runner.rounds,
        "quick": runner.options.quick,
        "inside": runner.options.inside,
        "core12": core12,
        "engines": engines,
        "start_up": {} if runner.options.inside else {e: cell(runner, "hello", e) for e in engines},
        "rows": {name: {e: cell(runner, name, e) for e in engines} for name in rows},
    }
    result["means"] = means(result)
    return result


def cell(runner, name, engine):
    measured = runner.cells.get((name, engine))
    if measured is None:
        return {}
    if measured.error or not measured.cpu:
        return {"error": measured.error or "not run"}
    return {
        "cpu": statistics.median(measured.cpu),
        **({"wall": statistics.median(measured.wall)} if measured.wall else {}),
        "peak_kib": max(measured.peak),
        "cpu_all": measured.cpu,
        "wall_all": measured.wall,
        "output": (measured.output or "").strip(),
    }


def machine():
    model = platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), model)
    except OSError:
        pass
    system = platform.system()
    try:
        system = platform.freedesktop_os_release().get("PRETTY_NAME", system)
    except (OSError, AttributeError):
        pass
    return {"cpu": model, "cores": os.cpu_count(), "system": system}


def version(engine, ruff):
    command = [word.format(ruff=ruff) for word in engine.version]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    lines = (done.stdout + done.stderr).strip().splitlines() or ["unknown"]
    # PyPy's own version stands on the second line.
    text = lines[-1] if engine.name == "pypy" else lines[0]
    return text.split(" -- ")[0].split("  Copyright")[0].split(" (20")[0].strip("[]")


# ---- ratios ---------------------------------------------------------------------------------------------------------


def ratio(result, name, engine, base, metric="cpu", net=False):
    """Time of `engine` over that of `base`, or None; `net` takes off each one's time for hello world first."""
    ours, theirs = result["rows"][name].get(engine, {}), result["rows"][name].get(base, {})
    if metric not in ours or metric not in theirs:
        return None
    a, b = ours[metric], theirs[metric]
    if net:
        a, b = (max(t - result["start_up"].get(e, {}).get(metric, 0), SHORTEST) for t, e in ((a, engine), (b, base)))
    # Inside a process runs may be as short as they like.
    return a / max(b, 1e-9 if result["inside"] else SHORTEST)


def geometric_mean(values):
    values = [value for value in values if value is not None]
    return math.exp(statistics.fmean(math.log(max(v, 1e-6)) for v in values)) if values else None


def means(result):
    """Per Ruff engine and base: geometric means over the rows that both finished, and how many these are."""
    table = {}
    for engine in (e for e in result["engines"] if e in RUFF):
        for base in (b for b in BASES if b in result["engines"]):
            entry = {}
            for key, metric, net in (("cpu", "cpu", False), ("wall", "wall", False), ("cpu_net", "cpu", True)):
                entry[key] = geometric_mean(ratio(result, n, engine, base, metric, net) for n in result["rows"])
            entry["rows"] = sum(ratio(result, n, engine, base) is not None for n in result["rows"])
            table[f"{engine}/{base}"] = entry
    return table


# ---- Markdown -------------------------------------------------------------------------------------------------------


def markdown(result):
    parts = [heading(result), times_table(result)]
    if any(engine in RUFF for engine in result["engines"]):
        parts += [core12_table(result)] if result["core12"] else [ratio_table(result)]
        parts.append(means_table(result))
    if not result["inside"]:
        parts += [start_up_table(result), memory_table(result)]
    parts.append(errors(result))
    return "\n\n".join(part for part in parts if part) + "\n"


def heading(result):
    m = result["machine"]
    versions = ", ".join(f"{e}: {v}" for e, v in result["versions"].items() if e not in RUFF[1:])
    lines = [
        f"### Cross-language benchmarks, {result['date'][:10]}",
        "",
        f"{m['cpu']}, {m['cores']} cores, {m['system']}. {versions}.",
        "",
        f"Median CPU time of {'a run inside one process, after as many runs to warm up,' if result['inside'] else 'whole processes'} in "
        f"milliseconds, {result['rounds']} interleaved rounds"
        + (" (quick sizes)" if result["quick"] else "") + "; ✗ marks an engine that failed on the program, "
        "– one that does not run it (long rows are for engines that compile).",
    ]
    if result["missing"]:
        lines += ["", "Left out: " + "; ".join(result["missing"]) + "."]
    return "\n".join(lines)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def milliseconds(entry, metric="cpu"):
    if metric not in entry:
        return "✗" if "error" in entry else "–"
    value = entry[metric] * 1000
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.3f}"


def times(value):
    return "–" if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def times_table(result):
    engines = result["engines"]
    return table(["program"] + engines, [
        [name] + [milliseconds(cells[e]) for e in engines] for name, cells in result["rows"].items()])


def ratio_table(result):
    """How many times as long the Ruff engines need: the fastest one beside all, the others beside their peers."""
    ours = [e for e in result["engines"] if e in RUFF]
    peers = {"ruff-interp": ["python"], "ruff-vm": ["lua", "go"], "ruff-jit": BASES}
    wanted = [(e, b) for e in ours for b in (BASES if e == ours[-1] else peers[e])]
    pairs = [(e, b) for e, b in wanted if b in result["engines"]]
    if not pairs:
        return ""
    rows = [[name] + [times(ratio(result, name, e, b)) for e, b in pairs] for name in result["rows"]]
    return "Times as long (below 1: Ruff is faster):\n\n" + table(["program"] + [f"{short(e)}/{b}" for e, b in pairs], rows)


def core12_table(result):
    pairs = [(e, b) for e, b in (("ruff-vm", "lua"), ("ruff-interp", "python")) if {e, b} <= set(result["engines"])]
    names = [n for n in CORE12 if n in result["rows"]]
    rows = [[name] + [times(ratio(result, name, e, b)) for e, b in pairs] for name in names]
    rows.append(["**geometric mean**"] + [
        times(geometric_mean(ratio(result, n, e, b) for n in names)) for e, b in pairs])
    return "Times as long (below 1: Ruff is faster):\n\n" + table(["program"] + [f"{e}/{b}" for e, b in pairs], rows)


def short(engine):
    return engine.removeprefix("ruff-")


def means_table(result):
    means = result["means"].items()
    if not means:
        return ""
    if result["inside"]:
        return "Geometric means:\n\n" + table(
            ["engines", "CPU", "programs"], [[pair, times(entry["cpu"]), str(entry["rows"])] for pair, entry in means])
    rows = [
        [pair, times(entry["cpu"]), times(entry["wall"]), times(entry["cpu_net"]), str(entry["rows"])]
        for pair, entry in means]
    return "Geometric means:\n\n" + table(["engines", "CPU", "wall", "CPU without start-up", "programs"], rows)


def start_up_table(result):
    rows = [
        [engine, milliseconds(entry), milliseconds(entry, "wall"), mebibytes(entry)]
        for engine, entry in result["start_up"].items()]
    return "Hello world:\n\n" + table(["engine", "CPU ms", "wall ms", "peak MiB"], rows)


def mebibytes(entry):
    return f"{entry['peak_kib'] / 1024:.1f}" if "peak_kib" in entry else "✗" if "error" in entry else "–"


def memory_table(result):
    engines = result["engines"]
    return "Peak memory, MiB:\n\n" + table(["program"] + engines, [
        [name] + [mebibytes(cells[e]) for e in engines] for name, cells in result["rows"].items()])


def errors(result):
    everything = {"hello": result["start_up"], **result["rows"]}
    lines = [
        f"- ✗ {name}, {engine}: {entry['error']}"
        for name, cells in everything.items() for engine, entry in cells.items() if "error" in entry]
    return "Failures:\n\n" + "\n".join(lines) if lines else ""


def save(result, text, folder):
    os.makedirs(folder, exist_ok=True)
    stem = result["date"][:10] + ("-core12" if result["core12"] else "") + ("-inside" if result["inside"] else "")
    number, path = 1, os.path.join(folder, stem)
    while os.path.exists(path + ".json"):
        number += 1
        path = os.path.join(folder, f"{stem}-{number}")
    with open(path + ".json", "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    with open(path + ".md", "w") as file:
        file.write(text)
    return [path + ".json", path + ".md"]
