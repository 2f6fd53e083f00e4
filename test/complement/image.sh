#!/bin/sh
# Makes an image directory of this checkout for the Matrix conformance suite Complement, for an engine that runs
# directories instead of container images: `image.sh DIRECTORY [one|roles]`, for a server of one process on SQLite, or of
# several over PostgreSQL and NATS behind nginx. The directory refers to this checkout, which must be prepared
# (./copse version) and stay where it is.
set -eu
[ $# -eq 1 ] || [ $# -eq 2 ] || { sed -n '2,5p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
start=start-${2:-one}.sh
mkdir -p "$1"
cp "$here/settings.sh" "$here/$start" "$1/"
cat >"$1/image.json" <<JSON
{
  "command": ["sh", "/image/$start"],
  "env": { "COPSE_ROOT": "$root" },
  "workdir": "/data"
}
JSON
