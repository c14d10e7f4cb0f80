# How often something has happened up to a time, by policy.
# columns: seconds (since the start), then the total, one column per policy
set xlabel "time since the start (s)"
set ylabel what
set xrange [0 : end]
set yrange [0 : *]
plot for [i = 2 : columns] data using 1:i with steps linetype i - 1 linewidth 2.5 title columnheader(i)
