#!/bin/sh
# Installs the client into a copy of this folder and runs the script there: run.sh SOURCE-FOLDER WORK-FOLDER SANDBOX
set -eu
source=$1 work=$2 sandbox=$3
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "peer_dataverse: $tool is missing: install it (Node.js 18 or newer with npm)" >&2; exit 1; }
done
mkdir -p "$work"
cp "$source/package.json" "$source/package-lock.json" "$source/peer.js" "$source/sandbox.js" "$work/"
cd "$work"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error ||
  { echo "peer_dataverse: npm could not install the client: is the registry reachable?" >&2; exit 1; }
exec node peer.js "$sandbox"
