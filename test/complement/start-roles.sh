#!/bin/sh
# The entry point of a Copse of several processes in Complement: PostgreSQL, NATS and nginx (Debian's packages) with four
# processes behind, each with some of the roles.
set -eu
. /image/settings.sh
cat >>/data/copse.yaml <<YAML
database: { url: "postgres://postgres@127.0.0.1:5432/postgres", connections: 40 }
cluster: { bus: "nats://127.0.0.1:4222" }
front:
  addresses: [0.0.0.0]
  plain_port: 8008
  https_port: 8443
  federation_port: 8448
  certificate: $tls/server.crt
  key: $tls/server.key
YAML

# PostgreSQL refuses to run as root.
for bin in /usr/lib/postgresql/*/bin; do :; done
as_postgres="setpriv --reuid=postgres --regid=postgres --clear-groups"
if [ ! -e /data/postgres/PG_VERSION ]; then
  mkdir -p /data/postgres
  chown postgres:postgres /data/postgres
  $as_postgres "$bin/initdb" -D /data/postgres -A trust -U postgres -E UTF8 --locale=C --no-sync >/dev/null
fi
# The processes of the last start of this container are gone, whatever it says.
rm -f /data/postgres/postmaster.pid
# Not through a function: `$!` would be a shell in between, which does not hear the end of the container.
$as_postgres "$bin/postgres" -D /data/postgres -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
  -c dynamic_shared_memory_type=mmap -c logging_collector=off -c log_min_messages=fatal &
postgres=$!
nats-server -a 127.0.0.1 -p 4222 >/dev/null 2>&1 &
while ! "$bin/pg_isready" -q -h 127.0.0.1 -U postgres -d postgres; do sleep 0.1; done

processes=
: >/data/processes.yaml
run() {
  $copse role "$1" --config /data/copse.yaml --port "$2" --process "p$2" &
  processes="$processes $!"
  echo "- { name: p$2, address: '127.0.0.1:$2', roles: [$1] }" >>/data/processes.yaml
}
ready() { until wget -q -O /dev/null "http://127.0.0.1:$1/_copse/health"; do sleep 0.1; done; }
# The first one makes the data folder and the tables.
run client,media 8101
ready 8101
run sync,initial-sync 8102
run federation-in,rooms,federation-out 8103
run push,appservice,maintenance,doctor 8104

nginx=/data/nginx
mkdir -p "$nginx"
$copse front nginx --config /data/copse.yaml --processes /data/processes.yaml >"$nginx/copse.conf"
# Everything that nginx writes is in /data.
cat >"$nginx/nginx.conf" <<CONF
user root;
worker_processes 1;
daemon off;
pid $nginx/pid;
error_log stderr;
events { worker_connections 4096; }
http {
  client_body_temp_path $nginx/body;
  proxy_temp_path $nginx/proxy;
  fastcgi_temp_path $nginx/fastcgi;
  uwsgi_temp_path $nginx/uwsgi;
  scgi_temp_path $nginx/scgi;
  include $nginx/copse.conf;
}
CONF
# Complement looks at the first answer alone: the front opens when all of them are there.
for port in 8102 8103 8104; do ready $port; done
nginx -c "$nginx/nginx.conf" -e stderr &
front=$!

# What ends the container ends the processes in order, so that the database is whole when it is started again.
stop() {
  kill $processes $front 2>/dev/null || :
  wait $processes $front 2>/dev/null || :
  kill -INT $postgres
  wait $postgres || :
  exit 0
}
trap stop TERM INT
wait $front $processes
