#!/bin/sh
# What may be done to an instance from afar, by the one document of SSM: these verbs, and no text of anybody's is run.
# Installed as /usr/local/bin/synkti-node, owned by root. synkti-agent and synkti-engine are services of systemd.
# usage: synkti-node VERB EPOCH    exit codes: 2 bad input, 3 an older epoch than has been heard, else systemctl's
set -eu
verb=${1-} epoch=${2-}
heard=${SYNKTI_STATE:-/var/lib/synkti}/epoch

case $epoch in
'' | *[!0-9]* | ??????????*)
  echo "epoch: expected a number of at most 9 digits" >&2
  exit 2
  ;;
esac
last=$(cat "$heard" 2>/dev/null || echo 0)
if [ "$epoch" -lt "$last" ]; then
  echo "epoch $epoch is older than $last, which has been heard: another controller acts now" >&2
  exit 3
fi
mkdir -p "$(dirname "$heard")"
echo "$epoch" >"$heard"

case $verb in
drain) exec systemctl kill --signal=SIGUSR2 synkti-agent ;;
restart-agent) exec systemctl restart synkti-agent ;;
start-engine) exec systemctl start synkti-engine ;;
stop-engine) exec systemctl stop synkti-engine ;;
*)
  echo "verb: expected drain, restart-agent, start-engine or stop-engine" >&2
  exit 2
  ;;
esac
