#!/bin/sh
# A cluster of real processes on this machine: up, down, status, kill N, start N, restart, logs N, describe.
# It is `millrace cluster` from this clone and nothing more; `deploy/local-cluster.sh up --help` says what there is to say.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
node="$root/node_modules/.bin/node"
if [ ! -x "$node" ]; then
  echo "error: what Millrace stands on is not installed yet; run \"npm install\" in $root first" >&2
  exit 1
fi
MILLRACE_INVOCATION='npm run --silent millrace --'
export MILLRACE_INVOCATION
exec "$node" --conditions=@millrace/source "$root/packages/cli/bin/from-source.js" cluster "$@"
