#!/usr/bin/env bash
# Renews the pins: requirements.txt (what Waman needs to run) and requirements-test.txt (plus what its tests need).
# Hashes, no addresses. Needs the package `uv` in the environment it is run from.
set -euo pipefail
cd "$(dirname "$0")/.."
options=(--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q)
uv pip compile "${options[@]}" tools/build-needs.txt pyproject.toml -o requirements.txt
uv pip compile "${options[@]}" --extra test --extra server --extra bench tools/build-needs.txt pyproject.toml -o requirements-test.txt
