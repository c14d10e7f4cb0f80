# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Text of a trace is hostile: no control character, no marker of another language gets through.
make_trace hostile
try 'hindsight info hostile.hst | grep -v "^size\|^meta\|^mm"'
try 'hindsight info --json hostile.hst | jq -c "[.host, .command, .rungs, .losses]"'
try 'hindsight dump -q hostile.hst'
try 'hindsight dump -q --format csv -e meta.task hostile.hst'
try 'hindsight dump -q --format jsonl hostile.hst'
for form in 'info' 'info --json' 'dump' 'dump --format csv' 'dump --format jsonl' 'validate -v'; do
	# shellcheck disable=SC2086 # a command and its options
	hindsight $form hostile.hst 2>&1 | LC_ALL=C grep -n '[[:cntrl:]]' && echo "control characters in $form"
done
try 'hindsight dump -q --format jsonl hostile.hst | hindsight import -o again.hst - && hindsight dump -q --format jsonl again.hst | cmp - <(hindsight dump -q --format jsonl hostile.hst)'
try 'ls'
