#!/usr/bin/env bash
# Runs the tests of this folder in a virtual environment of their own. Usage: data-prep/test.sh [unittest options]
# PYTHON chooses the interpreter (3.10 to 3.13), TRUTHLOOP_WHEEL a wheel that is already on disk.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
python="${PYTHON:-python3}"
version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
venv="${XDG_CACHE_HOME:-$HOME/.cache}/truthloop/prep-tests-$version"
wanted="$(cat "$here"/requirements*.txt | cksum)"

# The mark is written last: an interrupted installation is done again.
if [ "$(cat "$venv/installed" 2>/dev/null)" != "$wanted" ]; then
  echo "installing the requirements for Python $version into $venv" >&2
  "$python" -m venv --clear "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$here/requirements-fit.txt"
  echo "$wanted" > "$venv/installed"
fi
exec "$venv/bin/python" -m unittest discover --buffer --start-directory "$here/tests" --top-level-directory "$here" "$@"
