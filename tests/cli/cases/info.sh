# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
make_trace small
try 'hindsight info small.hst | sed -E "s/^size .*events/size N, events/; s/per event: .*/per event: N/; s/^([a-z]+[.][a-z_]+ +[0-9]+) .*/\1 N/"'
try 'hindsight info --json small.hst | jq "del(.file_bytes, .wall_offset, .kinds[].bytes)"'
try 'cat small.hst | hindsight info --json - | jq .events'
