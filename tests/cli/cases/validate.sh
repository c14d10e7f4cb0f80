# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Each rule of the event stream, broken once.
header='{"hindsight":1,"start_time":1,"names":[{"table":"scan_result","number":1,"name":"SCAN_SUCCEED"}]}'
task='{"kind":"meta.task","time":1,"task":1,"pid":10,"tgid":10,"comm":"a"}'
mm='{"kind":"meta.mm","time":1,"mm":1,"owner":1}'
judge() {
	printf '%s\n' "$header" "$task" "$mm" "$@" >one.jsonl
	hindsight import -f -o one.hst one.jsonl
	try 'hindsight validate one.hst | sed "s/in [0-9]* chunks/in N chunks/; s/chunk [0-9]*/chunk N/"; exit "${PIPESTATUS[0]}"'
}
judge '{"kind":"fault.user","time":2,"task":1,"mm":1}'
judge '{"kind":"fault.user","time":2,"task":2,"mm":1}' '{"kind":"fault.user","time":2,"task":2,"mm":3}'
judge '{"kind":"meta.task","time":2,"task":1,"pid":10,"tgid":11}'
judge '{"kind":"mm.exit_mmap","time":2,"task":1,"mm":1}' '{"kind":"fault.user","time":3,"task":1,"mm":1}'
judge '{"kind":"snap.vmstat","time":2,"name":"x","value":1}'
judge '{"kind":"snap.begin","time":2}' '{"kind":"snap.begin","time":3}' '{"kind":"snap.end","time":4}'
judge '{"kind":"snap.begin","time":2}'
judge '{"kind":"notifier.kvm_unmap","time":2,"mm":1,"start":"0x2000","end":"0x2000"}'
judge '{"kind":"mm.mlock","time":2,"mm":1,"op":5}' '{"kind":"mm.exit","time":2,"group_dead":255}'
judge '{"kind":"snap.begin","time":2}' '{"kind":"snap.pages","time":2,"present":"ff"}' '{"kind":"snap.end","time":2}'
judge '{"kind":"collapse.scan","time":2,"status":"SCAN_NOTHING"}'
judge '{"kind":"meta.lost","time":2,"count":1,"first_time":5,"last_time":4}'
# What was lost may have been the introduction.
judge '{"kind":"meta.lost","time":2,"source":"mm","cause":"ring_full","count":7,"first_time":1,"last_time":2}' '{"kind":"fault.user","time":3,"task":9,"mm":9}'
try 'hindsight validate --strict one.hst >/dev/null'
try 'hindsight validate --json one.hst | jq -c "del(.chunks)"'
