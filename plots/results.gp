# Decisions by result over time, stacked.
# columns: seconds (since the start), width (of the bucket, s), then decisions in that bucket, one column per result
set rmargin -1
set xlabel "time since the start (s)"
set ylabel per_bucket
set xrange [0 : end]
set yrange [0 : *]
# Names of capitals are wider than gnuplot thinks.
set key outside right top vertical reverse Left width 0.25 * longest
stack(first, last) = sum [c = first:last] column(c)
# No half decisions beside a low axis.
stats data using (stack(3, columns)) nooutput
if (STATS_max < 6) { set ytics 1 }
plot for [i = columns : 3 : -1] data using ($1 + $2 / 2):(stack(3, i)):2 with boxes fillcolor rgb colour[i - 2] \
     title columnheader(i)
