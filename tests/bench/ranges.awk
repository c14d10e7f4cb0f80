# SPDX-License-Identifier: GPL-2.0-only
# perf script -F pid,trace: how many ranges of 2 MiB had 512, 448 and 1 of their pages touched: bench_ranges' peer.
# Numbers of addresses as text: 5 digits less their lowest bit are a range, 3 digits a page.
{
	address = substr($2, 11)
	page = $1 " " substr(address, 1, length(address) - 3)
	if (page in seen)
		next
	seen[page]
	digit = index("0123456789abcdef", substr(address, length(address) - 5, 1)) - 1
	touched[$1 " " substr(address, 1, length(address) - 6) " " int(digit / 2)]++
}

END {
	for (range in touched) {
		if (touched[range] == 512)
			all++
		if (touched[range] >= 448)
			most++
		some++
	}
	print all + 0
	print most + 0
	print some + 0
}
