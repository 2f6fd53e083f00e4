# Read by the entry points of a Copse in Complement: a certificate by its test authority in $tls/server.crt, a configuration
# in /data/copse.yaml that allows what the suite needs (open registration, no limits, private addresses), and `copse`.
ca=/complement/ca
tls=/data/tls
mkdir -p "$tls"
openssl genrsa -out "$tls/server.key" 2048 2>/dev/null
openssl req -new -sha256 -key "$tls/server.key" -subj "/CN=$SERVER_NAME" -out "$tls/server.csr"
printf 'subjectAltName=DNS:%s\n' "$SERVER_NAME" >"$tls/names"
openssl x509 -req -in "$tls/server.csr" -CA "$ca/ca.crt" -CAkey "$ca/ca.key" -set_serial "$(date +%s%N)" \
  -out "$tls/server.crt" -days 1 -sha256 -extfile "$tls/names" 2>/dev/null

appservices='[]'
if ls /complement/appservice/*.yaml >/dev/null 2>&1; then
  appservices=
  for file in /complement/appservice/*.yaml; do appservices="$appservices
  - $file"; done
fi

cat >/data/copse.yaml <<YAML
server_name: $SERVER_NAME
data_dir: /data/copse
default_room_version: '11'
registration_shared_secret: complement
rate_limits: off
tls:
  extra_ca: [$ca/ca.crt]
public_base_url: http://$SERVER_NAME:8008
registration: { mode: open, open_to_everybody: true }
allowed_private_addresses:
  federation: [0.0.0.0/0, '::/0']
  push: [0.0.0.0/0, '::/0']
  previews: [0.0.0.0/0, '::/0']
federation:
  trusted_key_servers: []
  retry: { initial: 100ms, longest: 2s }
appservices: $appservices
password_hashing: { memory: 64K, passes: 1 }
presence: true
metrics: { enabled: false }
log: { level: info, format: text }
YAML

case $(uname -m) in aarch64) arch=arm64 ;; *) arch=x64 ;; esac
copse="$COPSE_ROOT/node_modules/node-linux-$arch/bin/node --max-semi-space-size=2 $COPSE_ROOT/dist/main/main.js"
