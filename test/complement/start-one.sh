#!/bin/sh
# The entry point of a Copse of one process in Complement.
set -eu
. /image/settings.sh
cat >>/data/copse.yaml <<YAML
listen:
  client: { host: 0.0.0.0, port: 8008 }
  federation: { enabled: true, host: 0.0.0.0, port: 8448, certificate: $tls/server.crt, key: $tls/server.key }
YAML
exec $copse up --config /data/copse.yaml
