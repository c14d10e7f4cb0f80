# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A recording in which one refusal was changed by hand: found, explained, and cut to the events that show it.
hindsight dump --format jsonl --example collapse-6.18 >a.jsonl
awk '/"collapse.scan"/ && /SCAN_PAGE_COUNT/ && ++n == 3 { sub(/SCAN_PAGE_COUNT/, "SCAN_LACK_REFERENCED_PAGE"); sub(/"referenced":[0-9]*/, "\"referenced\":5") } { print }' a.jsonl >b.jsonl
hindsight import -q -o b.hst b.jsonl
try 'hindsight explain -m collapse --example collapse-6.18'
try 'hindsight explain --first -m collapse --example collapse-6.18'
try 'hindsight explain -m collapse b.hst'
try 'hindsight explain --first -m collapse b.hst | head -28'
try 'hindsight explain --first --json -m collapse b.hst | jq -c "[.[] | length]"'
try 'hindsight explain --first --minimize -o small.hst -m collapse b.hst >out; hindsight explain -m collapse small.hst'
try 'hindsight explain --first --minimize -o small.hst -m collapse b.hst >out'
try 'hindsight explain --decision 100000 -m collapse b.hst'
try 'hindsight explain --decision 3 -m collapse b.hst | sed -n 2,12p'
try 'hindsight explain --decision x b.hst'
try 'hindsight explain --minimize b.hst'
try 'hindsight explain --first - <b.hst'
try 'hindsight explain -m collapse -s max_ptes_none=0 b.hst | tail -1'
