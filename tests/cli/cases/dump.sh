# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
make_trace small
try 'hindsight dump small.hst'
try 'hindsight dump -e fault.user,mm small.hst'
try 'hindsight dump -e "mm.m*" -e meta.mm small.hst'
try 'hindsight dump -p 100 small.hst'
try 'hindsight dump -p 101 small.hst'
try 'hindsight dump -p 4242 small.hst'
try 'hindsight dump --time 0.2,0.4 small.hst'
try 'hindsight dump --time 1s, small.hst'
try 'hindsight dump --time ,50ms -e meta small.hst'
try 'hindsight dump --time 1s, - <small.hst'
try 'hindsight dump --format csv -e fault.user,mm.munmap small.hst'
try 'hindsight dump --format jsonl -e collapse small.hst'
try 'script -qec "TERM=xterm hindsight dump -e collapse small.hst" /dev/null | cat -v'
try 'NO_COLOR=1 script -qec "TERM=xterm hindsight dump -e collapse small.hst" /dev/null | cat -v'
