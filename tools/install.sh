#!/usr/bin/env bash
# Runs an installer (pip, npm). When it fails for want of network, space or leave, one line says so
# instead of what the installer makes of it; any other failure is shown as it is.
#
#   tools/install.sh COMMAND ARGUMENT...
set -uo pipefail

log=$(mktemp) || { echo "error: no space left for a temporary file; free some, then repeat" >&2; exit 1; }
trap 'rm -f "$log"' EXIT
"$@" >"$log" 2>&1 && exit 0

network='NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|Cannot connect to proxy|SSLError|Connection refused|Connection reset|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH'
space='No space left on device|ENOSPC|Disk quota exceeded|EDQUOT'
leave='Read-only file system|EROFS|Permission denied|EACCES'

# The first words of the log that match, with what follows them on their line.
reason() { grep -oE "($1).{0,80}" "$log" | head -n 1; }

if grep -qE "$space" "$log"; then
  echo "error: the disk is full; free about 2 GB, then repeat (what was installed is kept)" >&2
elif grep -qE "$network" "$log"; then
  echo "error: the package registry cannot be reached (offline, or a proxy: https_proxy?); connect, then repeat: $(reason "$network")" >&2
elif grep -qE "$leave" "$log"; then
  echo "error: the checkout cannot be written to; copy it to a folder of yours, then repeat: $(reason "$leave")" >&2
else
  cat "$log" >&2
  echo "error: the installation failed, as it says above; mend it, then repeat" >&2
fi
exit 1
