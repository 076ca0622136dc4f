#!/usr/bin/env bash
# Serves the xtrigger spool(NAME), satisfied when there is a file NAME in DIRECTORY. It speaks by a bridge:
#
#     rouse xtrigger-host WORKFLOW spool -- examples/xtrigger-program/watch.sh DIRECTORY
directory=$1
while read -r line; do
    [[ $line =~ \"start\":\ *([0-9]+).*\"args\":\ *\[\"([^\"]*)\"\] ]] || continue # cancel, kept: nothing to do here
    number=${BASH_REMATCH[1]} path=$directory/${BASH_REMATCH[2]}
    if [[ -e $path ]]; then
        echo "{\"satisfied\": $number, \"results\": {\"path\": \"$path\"}}"
    else
        echo "{\"not_yet\": $number, \"after\": 1}"
    fi
done
