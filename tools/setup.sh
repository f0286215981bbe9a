#!/bin/sh
# Makes the virtual environment from the lock files: tools/setup.sh PYTHON FOLDER
set -eu
python=$1 venv=$2

say() { printf '%s\n' "$@" >&2; }

# missing WHAT DEBIAN FEDORA ARCH SUSE HOMEBREW: names the one thing that is missing and how it is installed here.
missing() {
  say "Wattline needs $1."
  if [ "$(uname)" = Darwin ]; then say "Install it with: brew install $6"
  elif command -v apt-get >/dev/null 2>&1; then say "Install it with: apt-get install $2"
  elif command -v dnf >/dev/null 2>&1; then say "Install it with: dnf install $3"
  elif command -v pacman >/dev/null 2>&1; then say "Install it with: pacman -S $4"
  elif command -v zypper >/dev/null 2>&1; then say "Install it with: zypper install $5"
  else say "On Debian or Ubuntu: apt-get install $2"; fi
  exit 1
}

no_python() { missing "$1" "python3 python3-venv" python3.12 python python312 python@3.12; }

command -v "$python" >/dev/null 2>&1 || no_python "Python 3.11 or newer"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  no_python "Python 3.11 or newer; $python is $("$python" --version 2>&1). With another one: make PYTHON=python3.12"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
  missing "Python's venv module" python3-venv python3 python python3 python@3.12
"$python" -c 'import platform, sys; sys.exit(sys.platform == "linux" and platform.libc_ver()[0] != "glibc")' || {
  say "PostgreSQL and Valkey come as wheels for Linux with glibc and for macOS; this system has another C library." \
    "Run Wattline in a container (compose.yaml), or on servers of your own (docs/guides/go-live.md)."
  exit 1
}

[ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null || { rm -rf "$venv"; "$python" -m venv "$venv"; }
# uv alone comes by pip, which is slow; uv brings the rest.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
"$venv/bin/python" -m uv pip install --quiet --python "$venv/bin/python" --require-hashes -r requirements.lock

# The command of this clone, wherever it is called from; a moved clone makes itself a new environment.
cat >"$venv/bin/wattline" <<'END'
#!/bin/sh
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
PYTHONPATH=$root exec "$root/.venv/bin/python" -m app.cli "$@"
END
chmod +x "$venv/bin/wattline"
