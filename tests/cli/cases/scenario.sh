# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Scenario files of the svm model: what is refused, with file and line and status 2, and a bundled one that works.
write()	# NAME, the text on standard input
{
	cat >"$1"
}
write good.ini <<'INI'
[gpu A]
vram = 64M
[region all]
process = comm:*
select = anon,min=2M
attr = access:A
[device]
rule = follow 1ms
INI
write key.ini <<'INI'
[gpu A]
vram = 64M
colour = red
INI
write value.ini <<'INI'
[svm]
xnack = perhaps
INI
write section.ini <<'INI'
[gpu A]
vram = 64M
[graphics]
card = fast
INI
write gpu.ini <<'INI'
[gpu A]
vram = 64M
[region r]
process = pid:1
attr = access:B
INI
write core.ini <<'INI'
[gpu A]
vram = 64M
gc = 11.0.0
[region r]
process = pid:1
INI
write version.ini <<'INI'
[gpu A]
vram = 64M
gc = nine
INI
write coherent.ini <<'INI'
[gpu A]
vram = 64M
coherent = perhaps
INI
write hz.ini <<'INI'
[svm]
hz = fast
INI
write file.ini <<'INI'
[gpu A]
vram = 64M
[region r]
process = pid:1
select = file=
INI
write syntax.ini <<'INI'
[gpu A]
vram
INI
for file in key value section gpu core version coherent hz file syntax absent; do
	try "hindsight replay --example collapse-6.18 -m svm --mode whatif --scenario $file.ini"
done
try 'hindsight replay --example collapse-6.18 -m svm --mode whatif --scenario good.ini -s svm.gpus=B:vram=1G'
try 'hindsight compare --example collapse-6.18 --scenario key.ini -s a:svm.xnack=on -s b:svm.xnack=off'
try 'hindsight replay --example collapse-6.18 -m svm --mode whatif --scenario good.ini | head -n 8'
try 'hindsight replay --example collapse-6.18 -m svm --mode whatif --scenario gpu-migrate | head -n 6'
