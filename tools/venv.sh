#!/usr/bin/env bash
# Makes a virtual environment, or makes it again when it cannot be used: its checkout was moved, its
# Python is gone or too old, or another Python is asked for.
#
#   tools/venv.sh FOLDER PYTHON GOAL [asked]
#
# GOAL is what `make` was told to make, for the line that says what to do; `asked`: this PYTHON was
# named, so one of another version will not do.
set -euo pipefail

folder=$1 python=$2 goal=${3:-up} asked=${4:-}
here=$(pwd -P)
# `make` puts the environment's own programs first: none of them may make it again.
PATH=":$PATH:"
while [[ $PATH == *":$here/.venv/bin:"* ]]; do PATH=${PATH/":$here/.venv/bin:"/:}; done
PATH=${PATH#:} PATH=${PATH%:}
new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
minor='import sys; print("%d.%d" % sys.version_info[:2])'

fail() {
  echo "error: $1" >&2
  exit 1
}

# Scripts of the environment name its Python by its whole path.
usable() {
  grep -qsF "$here/$folder/bin/python" "$folder/bin/pip" || return 1
  "$folder/bin/python" -c "$new_enough" 2>/dev/null || return 1
  [ -z "$asked" ] || [ "$("$folder/bin/python" -c "$minor")" = "$("$python" -c "$minor" 2>/dev/null)" ]
}

# A newer Python that is installed beside, if there is one.
another() {
  for name in python3.14 python3.13 python3.12 python3.11; do
    if "$name" -c "$new_enough" 2>/dev/null; then
      echo "$name"
      return
    fi
  done
}

usable && exit 0
if ! "$python" -c "$new_enough" 2>/dev/null; then
  found=$("$python" -V 2>/dev/null) || found="not there"
  other=$(another)
  [ -n "$other" ] && cure="take the one that is here" || cure="install one, then take it"
  fail "TAP needs Python 3.11 or newer, and $python is ${found#Python }; $cure: \`make $goal PYTHON=${other:-python3.12}\`"
fi
[ -w . ] || fail "$here cannot be written to; copy the checkout to a folder of yours and run \`make $goal\` there"
[ ! -e "$folder" ] || echo "Making $folder again: it is of another folder or of another Python..."
rm -rf "$folder"
"$python" -m venv "$folder" || fail "$python cannot make $folder; install its module venv (Debian: \`apt install python3-venv\`), then repeat \`make $goal\`"
