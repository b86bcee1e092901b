#!/bin/sh
# Does a long command still live? Runs it, and says so every ten seconds: tools/alive.sh COMMAND …

(while sleep 10 >/dev/null 2>&1; do echo "  … still at it" >&2; done) &
ticker=$!
trap 'kill "$ticker" 2>/dev/null' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$@"
