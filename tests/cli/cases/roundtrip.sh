# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Text and trace are exact inverses, by file and by pipe.
make_trace small
try 'hindsight dump --format jsonl small.hst >a.jsonl && hindsight import -o b.hst a.jsonl && hindsight dump --format jsonl b.hst | cmp - a.jsonl'
try 'hindsight import -o - - <a.jsonl | hindsight dump --format jsonl - | cmp - a.jsonl'
try 'hindsight export --format jsonl -o - small.hst | cmp - a.jsonl'
try 'stat -c %a b.hst'
try 'hindsight export --format csv -o tables small.hst && cat tables/fault.user.csv && ls tables'
try 'hindsight export --format csv -o tables small.hst'
try 'hindsight export --force --format csv -o tables small.hst'
