"""Runs a program again and again in this process: `inside.py REPORT SECONDS PROGRAM ARGS…`.

For SECONDS of processor time and at least three runs. Writes the processor time of each run, in seconds, into REPORT, one
line each; what the last run prints stays on standard output. The twins in the other languages do the same.
"""

import contextlib
import io
import sys
import time
import types

report, seconds, path = sys.argv[1], float(sys.argv[2]), sys.argv[3]
sys.argv = sys.argv[3:]
with open(path) as file:
    code = compile(file.read(), path, "exec")
# One module for all runs, so that what was compiled for it stays valid.
module = types.ModuleType("__main__")
sys.modules["__main__"] = module
times = []
began = time.process_time()
while len(times) < 3 or time.process_time() - began < seconds:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        start = time.process_time()
        exec(code, module.__dict__)
        times.append(time.process_time() - start)
with open(report, "w") as file:
    file.writelines(f"{t:.9f}\n" for t in times)
sys.stdout.write(output.getvalue())
