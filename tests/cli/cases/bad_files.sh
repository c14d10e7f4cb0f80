# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Files that are no trace: status 1, one line.
make_trace small
try 'hindsight info missing.hst'
try 'hindsight info .'
: >empty.hst
try 'hindsight dump empty.hst'
printf 'some text\n' >text.hst
try 'hindsight validate text.hst'
head -c 100000 /dev/zero >zeros.hst
try 'hindsight dump zeros.hst'
printf x | zstd -q >other.zst
try 'hindsight dump other.zst'
try 'hindsight info - <text.hst'
try 'hindsight info /dev/null'
try 'hindsight info /dev/zero'
try 'hindsight info "$(printf "name\nwith\033[31mcontrols.hst")"'
chmod 000 small.hst
cp "$BINARY" ./copy
# Root may read everything: ask as somebody else.
try 'setpriv --reuid 65534 --clear-groups ./copy info small.hst'
try 'setpriv --reuid 65534 --clear-groups ./copy import -o /usr/x.hst "$FIXTURES/small.jsonl" 2>&1 | sed "s|/.*fixtures|FIXTURES|"'
