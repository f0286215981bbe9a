#!/bin/sh
# Makes the virtual environment from the lock files: usage: tools/setup.sh PYTHON FOLDER
set -eu
python=$1 venv=$2

missing() {
  printf '%s\n' "Wattline needs $1." >&2
  if [ "$(uname)" = Darwin ]; then printf '%s\n' "Install it with: brew install $3" >&2
  else printf '%s\n' "On Debian or Ubuntu: apt-get install $2" >&2; fi
  exit 1
}

command -v "$python" >/dev/null 2>&1 || missing "Python 3.11 or newer" "python3 python3-venv" "python@3.12"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || missing "Python 3.11 or newer (this is $("$python" --version))" "python3 python3-venv" "python@3.12"
"$python" -c 'import venv, ensurepip' 2>/dev/null || missing "Python's venv module" "python3-venv" "python@3.12"

[ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null || { rm -rf "$venv"; "$python" -m venv "$venv"; }
# uv alone comes by pip, which is slow; uv brings the rest.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
"$venv/bin/python" -m uv pip install --quiet --python "$venv/bin/python" --require-hashes -r requirements.lock
