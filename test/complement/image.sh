#!/bin/sh
# Makes an image directory of this checkout for the Matrix conformance suite Complement, for an engine that runs
# directories instead of container images: `image.sh DIRECTORY`. The directory refers to this checkout, which must be
# prepared (./copse version) and stay where it is.
set -eu
[ $# -eq 1 ] || { sed -n '2,4p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
mkdir -p "$1"
cp "$here/start.sh" "$1/start.sh"
cat >"$1/image.json" <<JSON
{
  "command": ["sh", "/image/start.sh"],
  "env": { "COPSE_ROOT": "$root" },
  "workdir": "/data"
}
JSON
