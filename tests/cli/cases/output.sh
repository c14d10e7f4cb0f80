# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A full disk is a failure wherever it strikes; a closed pipe is none.
make_trace small
for command in --help --version 'info small.hst' 'info --json small.hst' 'validate small.hst' 'dump small.hst' \
	'dump --format csv small.hst' 'dump --format jsonl small.hst' 'completion bash' '--tables'; do
	try "hindsight $command >/dev/full"
	try "hindsight $command | true; exit \"\${PIPESTATUS[0]}\""
	try "hindsight $command >&-"
done
try 'hindsight export --format jsonl -o /dev/full small.hst'
try 'hindsight export --format jsonl -o - small.hst >/dev/full'
try 'hindsight import -o /dev/full "$FIXTURES/small.jsonl"'
try 'hindsight import -o - "$FIXTURES/small.jsonl" >/dev/full'
# The message is lost with the disk, the status is not.
try 'hindsight info missing.hst 2>/dev/full'
# A pipe closed in the midst of much output, with the signal ignored as under a service manager.
{ head -1 "$FIXTURES/small.jsonl"; grep task.:1,.pid "$FIXTURES/small.jsonl"; yes '{"kind":"fault.user","time":5200000000,"task":1}' | head -50000; } |
	hindsight import -o long.hst -
try 'hindsight dump -e fault long.hst | head -1; echo "${PIPESTATUS[@]}"'
try '(trap "" PIPE; hindsight dump -e fault long.hst; echo "status $?" >&2) | head -1'
try 'hindsight export --format jsonl -o made.jsonl long.hst && wc -l <made.jsonl'
try 'hindsight export --format jsonl -o made.jsonl long.hst'
try 'hindsight export --force --format jsonl -o made.jsonl small.hst && wc -l <made.jsonl'
try 'hindsight export --format csv -o made.jsonl long.hst'
