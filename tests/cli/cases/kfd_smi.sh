# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Lines of the amdgpu driver, as each kernel prints them: events and back again, bad lines counted.
for kernel in 6.1 6.12 7.2; do
	cp "$FIXTURES/kfd-smi-$kernel.txt" .
	try "hindsight import kfd-smi-$kernel.txt -o $kernel.hst && hindsight validate $kernel.hst"
	try "hindsight info $kernel.hst | grep -E 'recorded|smi'"
	try "hindsight dump -q --format jsonl $kernel.hst | python3 $FIXTURES/../smi_text.py $kernel | sort | diff - <(grep -v '^#' kfd-smi-$kernel.txt | sort)" |
		sed "s|$FIXTURES|FIXTURES|"
done
try 'hindsight dump -q 7.2.hst'
try 'hindsight import --format kfd-smi --kernel 6.18.3 -f -o 7.2.hst - <kfd-smi-7.2.txt && hindsight info --json 7.2.hst | jq -r .host.kernel'
sed '3,4d;12s/^9/x/' kfd-smi-7.2.txt >bad.txt
try 'hindsight import -v bad.txt -o bad.hst && hindsight info bad.hst | grep -A3 lost'
try 'hindsight info --strict bad.hst >/dev/null'
cat kfd-smi-6.1.txt kfd-smi-7.2.txt >mixed.txt
try 'hindsight import mixed.txt -o mixed.hst'
printf '9 1 -2 3' >cut.txt
try 'hindsight import cut.txt -o cut.hst'
try 'ls cut.hst'
printf '# nothing\n' >none.txt
try 'hindsight import --format kfd-smi none.txt -o none.hst'
