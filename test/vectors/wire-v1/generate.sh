#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes scenario.json anew from the C peer. A difference is a change of the wire.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -std=c11 -Wall -Wextra -I"$root/native/include" "$root/test/c/vectors.c" -o "$work/vectors"
"$work/vectors" >"$here/scenario.json"
