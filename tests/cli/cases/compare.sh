# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What policies cost: huge pages that faults make are memory, too, for as long as nobody touches it.
header='"hindsight":1,"kernel":"6.12.0-test","arch":"x86_64","variant":"6.12","page_bytes":4096'
header+=',"huge_page_bytes":2097152,"start_time":0,"time_step":1,"nr_cpus":1'
header+=',"rungs":[{"source":"fault","rung":"tracepoint"},{"source":"mm","rung":"tracepoint"}]'
event()	# KIND, SECONDS, rest of the line
{
	echo "{\"kind\":\"$1\",\"time\":$(($2 * 1000000000)),$3}"
}
{
	echo "{$header}"
	event meta.task 0 '"task":1,"pid":100,"tgid":100,"comm":"sparse"'
	event meta.mm 0 '"mm":1,"owner":1'
	event mm.mmap 1 '"task":1,"mm":1,"ret":139637976727552,"len":8388608,"prot":"0x3","flags":"0x22","fd":-1'
	for range in 0 2 4 6; do
		event fault.user 2 "\"task\":1,\"mm\":1,\"address\":\"0x7f0000${range}00000\",\"error_code\":\"0x6\""
	done
	event mm.munmap 10 '"task":1,"mm":1,"addr":"0x7f0000000000","len":8388608'
	event mm.munmap 12 '"task":1,"mm":1,"addr":"0x7f0000000000","len":8388608'
} >sparse.jsonl
both='-s enabled=madvise -s enabled=always'
try 'hindsight import sparse.jsonl -o sparse.hst'
try "hindsight compare -m collapse sparse.hst $both --only 'end of the run'"
try "hindsight compare -m collapse sparse.hst $both --only mean_bloat"
try "hindsight compare -m collapse sparse.hst $both --only nonsense"

# What policies decide alike is drawn once.
try "hindsight report -m collapse sparse.hst $both -s enabled=never -s twin:enabled=never -o page && ls page/*.gp"
try "grep -o '<figcaption>[^<]*' page/index.html"

# The first line that is wrong is named, for what is wrong with it.
printf '[collapse\nmax_ptes_none = 0\n' >section.ini
printf '[collapse]\nmax_ptes_none = 512\nnonsense\n' >value.ini
try "hindsight compare -m collapse sparse.hst -P section.ini"
try "hindsight compare -m collapse sparse.hst -P value.ini"
