# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Lines that are no events: status 1, the line's number, and nothing left behind.
lines() { printf '%s\n' '{"hindsight":1}' "$@" >bad.jsonl; }
attempt() {
	lines "$@"
	try 'hindsight import -o bad.hst bad.jsonl'
	try 'ls bad.hst'
}
attempt 'no json'
attempt '{"kind":"fault.user","time":1}' '{"kind":"fault.nothing","time":2}'
attempt '{"kind":"fault.user","time":1,"adress":"0x1"}'
attempt '{"kind":"fault.user","time":2}' '{"kind":"fault.user","time":1}'
attempt '{"kind":"fault.user","time":-1}'
attempt '{"kind":"fault.user","time":1,"error_code":65536}'
attempt '{"kind":"fault.user","time":1,"address":"0x1ffffffffffffffff"}'
attempt '{"kind":"snap.pages","time":1,"present":"f"}'
attempt '["kind"]'
printf '{"hindsight":2}\n' >newer.jsonl
try 'hindsight import -o bad.hst newer.jsonl'
try 'hindsight import -o bad.hst .'
try 'hindsight import -o bad.hst missing.jsonl'
try 'hindsight import -o missing/bad.hst "$FIXTURES/small.jsonl" 2>&1 | sed "s|/.*fixtures|FIXTURES|"'
printf '{"hindsight":1}' >nothing.jsonl
try 'hindsight import -o nothing.hst nothing.jsonl && hindsight validate nothing.hst'
try 'hindsight import -o nothing.hst nothing.jsonl'
try 'hindsight import -f -o nothing.hst nothing.jsonl'
