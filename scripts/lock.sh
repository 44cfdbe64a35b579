#!/usr/bin/env bash
# Writes requirements/*.txt anew from pyproject.toml, for every Python and platform at once.
# Pins that still fit are kept; `make lock ARGS=--upgrade` takes the newest of everything.
set -euo pipefail
cd "$(dirname "$0")/.."

# Not in .venv: that one is made from the files written here.
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"${PYTHON:-python3}" -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check uv==0.13.9

compile() {
    "$tools/bin/uv" pip compile pyproject.toml --quiet --no-config \
        --universal --python-version 3.11 --fork-strategy fewest \
        --generate-hashes --no-emit-index-url --custom-compile-command "make lock" "$@"
}
compile --output-file requirements/runtime.txt "$@"
compile --output-file requirements/dev.txt --constraint requirements/runtime.txt \
    --extra tensorflow --group dev "$@"
