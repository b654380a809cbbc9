#!/bin/sh
# Runs the cross-language benchmarks; `run_benchmarks.sh --help` lists the options.
exec python3 "$(dirname "$0")/run_benchmarks.py" "$@"
