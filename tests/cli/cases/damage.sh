# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A cut or damaged trace is read as far as it is whole; --strict makes that a status.
make_trace small
whole=$(stat -c %s small.hst)
header=$(($(od -An -tu4 -j4 -N4 small.hst) + 8))
# places STEP: a few inside the header, then every STEP bytes
places() {
	seq 1 $((header / 5)) "$header"
	seq $((header + 1)) "$1" $((whole - 1))
}
try 'hindsight validate small.hst'
cp small.hst cut.hst
truncate -s -20 cut.hst
try 'hindsight validate cut.hst | sed "s/: [0-9]* bytes/: N bytes/; s/chunk: .*/chunk: N/"'
try 'hindsight dump -e fault cut.hst 2>&1 | sed "s/[0-9,]* bytes behind/N bytes behind/"'
try 'hindsight dump -q -e fault cut.hst'
try 'hindsight dump -q --strict -e fault cut.hst | wc -l; exit "${PIPESTATUS[0]}"'
try 'hindsight info -q --strict cut.hst | grep complete | sed "s/chunk: .*/chunk: N/"; exit "${PIPESTATUS[0]}"'
# Wherever it is cut: no crash, status 0 or 1, and never an event that was not written.
hindsight dump --format jsonl -q small.hst | sort >all
for at in $(places 67); do
	head -c "$at" small.hst >cut.hst
	hindsight dump --format jsonl -q cut.hst >lines 2>message
	status=$?
	[ $status -le 1 ] || echo "cut at $at: status $status"
	[ $status = 0 ] || [ "$(wc -l <message)" = 1 ] || echo "cut at $at: no sentence: $(cat message)"
	grep -v '"kind":"meta.lost"' lines | sort | comm -23 - all | sed "s/^/cut at $at: /"
done
# Whatever bit is flipped: the same.
for at in $(places 71); do
	cp small.hst flipped.hst
	flip_bit flipped.hst "$at"
	hindsight dump --format jsonl -q flipped.hst >lines 2>message
	status=$?
	[ $status -le 1 ] || echo "flipped at $at: status $status"
	[ $status = 0 ] || [ "$(wc -l <message)" = 1 ] || echo "flipped at $at: no sentence: $(cat message)"
	grep -v '"kind":"meta.lost"' lines | sort | comm -23 - all | sed "s/^/flipped at $at: /"
	hindsight validate -q --strict flipped.hst >/dev/null 2>&1 && echo "flipped at $at: called valid"
done
cp small.hst newer.hst
python3 - <<-'END'
	import struct, zlib
	data = bytearray(open("newer.hst", "rb").read())
	size = struct.unpack_from("<I", data, 4)[0]
	struct.pack_into("<I", data, 16, struct.unpack_from("<I", data, 16)[0] + 1)
	struct.pack_into("<I", data, 8, zlib.crc32(data[12:8 + size]))
	open("newer.hst", "wb").write(data)
END
try 'hindsight info newer.hst'
