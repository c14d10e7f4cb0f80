# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What the cases use. A case runs in an empty folder of its own; $FIXTURES are the texts beside the cases.

# try COMMANDS: prints them, runs them in a shell of their own, prints what they print and their exit status.
try() {
	printf '$ %s\n' "$1"
	(eval "$1") 2>&1
	printf '[%d]\n' "$?"
}

# make_trace NAME: NAME.hst from the fixture NAME.jsonl
make_trace() {
	hindsight import -o "$1.hst" "$FIXTURES/$1.jsonl"
}

# flip_bit FILE OFFSET: changes one bit; a negative offset counts from the end
flip_bit() {
	python3 - "$1" "$2" <<-'END'
	import sys
	data = bytearray(open(sys.argv[1], "rb").read())
	data[int(sys.argv[2])] ^= 0x10
	open(sys.argv[1], "wb").write(data)
	END
}
