#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A second reader of trace files, written from traces/FORMAT.md alone: prints JSON Lines.

    tests/format/reader.py FILE.hst

It shares no code with the first one and takes whole files only: damage is an error. Slow and obvious.
"""
import ctypes
import ctypes.util
import json
import struct
import sys
import zlib

MAGIC = 0x184D2A57
BY_TASK = 0x80
DELTA, DICTIONARY, STEPS, INDEX, BYTES, RUNS, REGIONS = range(1, 8)
MASK = (1 << 64) - 1

ZSTD = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
ZSTD.ZSTD_decompress.restype = ctypes.c_size_t
ZSTD.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
ZSTD.ZSTD_isError.argtypes = [ctypes.c_size_t]


class Bad(Exception):
    """The file is not as FORMAT.md says."""


def need(condition, what):
    if not condition:
        raise Bad(what)


def decompress(frame, size):
    out = ctypes.create_string_buffer(size + 1)
    done = ZSTD.ZSTD_decompress(out, size, frame, len(frame))
    need(not ZSTD.ZSTD_isError(done) and done == size, "zstd frame")
    return out.raw[:size]


class Stream:
    """Bytes of one section, taken from the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        need(self.left() >= count, "section too short")
        self.at += count
        return self.data[self.at - count:self.at]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & MASK
            shift += 7

    def signed(self):
        coded = self.varint()
        return coded >> 1 if coded % 2 == 0 else -(coded >> 1) - 1


def decode_delta(stream, rows=None):
    value, values = 0, []
    while stream.left() if rows is None else len(values) < rows:
        value = (value + stream.signed()) & MASK
        values.append(value)
    return values


def decode_dictionary(streams, rows):
    entries, source = [], streams[0]
    while source.left():
        entries.append(source.take(source.varint()))
    return [entries[number] for number in decode_delta(streams[1], rows)]


def decode_steps(streams, rows, first, step):
    data = streams[1].data + bytes(16)
    time, times, at = first, [], 0
    for code in streams[0].take(rows):
        count = code // 4
        window = int.from_bytes(data[at // 8:at // 8 + 9], "little") >> at % 8
        difference = ((4 + code % 4) << count) + (window & ((1 << count) - 1)) - 4
        at += count
        time += (difference & MASK) * step
        times.append(time)
    return times


def decode_index(streams, rows):
    tasks = decode_delta(streams[0])
    width = len(streams[1].data) // rows
    numbers = [int.from_bytes(streams[1].take(width), "little") for _ in range(rows)]
    return tasks, numbers


def decode_runs(stream, rows):
    value, values = 0, []
    while len(values) < rows:
        value = (value + stream.signed()) & MASK
        values += [value] * (stream.varint() + 1)
    need(len(values) == rows, "runs are too long")
    return values


def decode_regions(streams, group_sizes):
    sizes = (0, 1, 2, 3, 4, 5, 6, 8)
    control, data, bases = streams
    base, values = 0, []
    for size in group_sizes:
        last, made = {}, 0
        for byte in control.take(size):
            region = byte >> 3
            if region == 31:
                base = (base + bases.signed()) & MASK
                region = made % 31
                made += 1
                last[region] = base
            coded = int.from_bytes(data.take(sizes[byte & 7]), "little")
            difference = coded >> 1 if coded % 2 == 0 else -(coded >> 1) - 1
            last[region] = (last.get(region, 0) + difference) & MASK
            values.append(last[region])
    return values


class Chunk:
    """Columns of one chunk by name."""

    def __init__(self, payload, frames, schema, step):
        rows, kind, count, self.first, self.last, size = struct.unpack_from("<IHHQQQ", payload)
        self.rows, self.kind, self.step, self.columns = rows, kind, step, {}
        self.tasks = self.numbers = None
        need(len(payload) == 32 + 12 * count and size == len(frames), "chunk head")
        sections = [struct.unpack_from("<HBBII", payload, 32 + 12 * i) for i in range(count)]
        self.read(self.split(sections, frames), schema[kind]["columns"])

    @staticmethod
    def split(sections, frames):
        """[(column, coding, [streams])]"""
        found, at, i = [], 0, 0
        while i < len(sections):
            end = i + 1
            while end < len(sections) and sections[end][4] == 0:
                end += 1
            contents = Stream(decompress(frames[at:at + sections[i][4]], sum(s[3] for s in sections[i:end])))
            at += sections[i][4]
            for column, coding, stream, size, _ in sections[i:end]:
                if stream == 0:
                    found.append((column, coding, []))
                found[-1][2].append(Stream(contents.take(size)))
            i = end
        return found

    def read(self, found, columns):
        for column, coding, streams in found:
            if coding == INDEX:
                self.tasks, self.numbers = decode_index(streams, self.rows)
                values = [self.tasks[number] for number in self.numbers]
            else:
                values = self.decode(coding & ~BY_TASK, streams)
            if coding & BY_TASK:
                values = self.in_row_order(values)
            self.columns[columns[column].split()[0]] = values
        times = self.columns.setdefault("time", [self.first] * self.rows)
        need(times[-1] == self.last and times == sorted(times), "times")

    def decode(self, coding, streams):
        if coding == DELTA:
            return decode_delta(streams[0], self.rows)
        if coding == DICTIONARY:
            return decode_dictionary(streams, self.rows)
        if coding == STEPS:
            return decode_steps(streams, self.rows, self.first, self.step)
        if coding == BYTES:
            return list(streams[0].take(self.rows))
        if coding == RUNS:
            return decode_runs(streams[0], self.rows)
        need(coding == REGIONS, f"coding {coding}")
        return decode_regions(streams, [self.numbers.count(number) for number in range(len(self.tasks))])

    def in_row_order(self, values):
        next_place, place = [], 0
        for number in range(len(self.tasks)):
            next_place.append(place)
            place += self.numbers.count(number)
        ordered = []
        for number in self.numbers:
            ordered.append(values[next_place[number]])
            next_place[number] += 1
        return ordered


def parts_of(data):
    """(tag, payload, offset behind it) of each part; what lies between parts belongs to the one before."""
    at = 0
    while at < len(data):
        magic, size, check = struct.unpack_from("<III", data, at)
        end = at + 8 + size
        need(magic == MAGIC and end <= len(data), f"no part at {at}")
        need(zlib.crc32(data[at + 12:end]) == check, f"check sum of the part at {at}")
        tag, payload = data[at + 12:at + 16], data[at + 16:end]
        at = end
        if tag == b"hstC":
            at += struct.unpack_from("<Q", payload, 24)[0]
        yield tag, payload, data[end:at]


def as_json(value, kind, unit):
    if kind == "blob":
        return bytes(value).hex()
    if kind == "str":
        try:
            return bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            return {"hex": bytes(value).hex()}
    if unit in ("addr", "ip", "hex") or (kind[0] == "u" and value >= 1 << 63):
        return hex(value)
    return value - (1 << 64) if kind[0] == "i" and value >= 1 << 63 else value


def events_of(chunk, position, schema):
    """(sort key, event)"""
    kind = schema[chunk.kind]
    columns = [text.split() for text in kind["columns"]]
    for row in range(chunk.rows):
        event = {"kind": kind["kind"]}
        for name, form, unit in columns:
            default = b"" if form in ("str", "blob") else 0
            values = chunk.columns.get(name)
            event[name] = as_json(values[row] if values else default, form, unit)
        yield (event["time"] if isinstance(event["time"], int) else int(event["time"], 16), chunk.kind,
               position + row), event


def read(data):
    """Header and events, in order."""
    header, events, saw_footer = None, [], False
    for tag, payload, behind in parts_of(data):
        if tag == b"hstH":
            need(struct.unpack_from("<I", payload)[0] == 1, "format version")
            header = json.loads(payload[4:])
            schema = header.pop("schema")
        elif tag == b"hstC":
            chunk = Chunk(payload, behind, schema, header.get("time_step", 1))
            events += events_of(chunk, len(events), schema)
        saw_footer |= tag == b"hstF"
    need(saw_footer, "no footer")
    return header, [event for _, event in sorted(events, key=lambda pair: pair[0])]


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    try:
        header, events = read(data)
    except (Bad, IndexError, struct.error, KeyError) as why:
        sys.exit(f"{sys.argv[1]}: {type(why).__name__}: {why}")
    print(json.dumps(header))
    for event in events:
        print(json.dumps(event))


if __name__ == "__main__":
    main()
