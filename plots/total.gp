# How often something has happened up to a time, by policy.
# columns: seconds (since the start), then the total, one column per policy
set xlabel "time since the start (s)"
set ylabel what
set xrange [0 : end]
set yrange [0 : *]
# Nothing happens by halves beside a low axis.
highest = 0
do for [i = 2 : columns] { stats data using i nooutput; highest = STATS_max > highest ? STATS_max : highest }
if (highest < 6) { set ytics 1 }
plot for [i = 2 : columns] data using 1:i with steps linetype i - 1 linewidth 2.5 title columnheader(i)
