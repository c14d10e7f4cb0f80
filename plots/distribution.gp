# Distribution of one cost over the decisions, by policy.
# columns: percent (of the decisions), then the cost that so many do not exceed, one column per policy
set xlabel what
set ylabel "decisions (%)"
set yrange [0 : 100]
plot for [i = 2 : columns] data using i:1 with lines linetype i - 1 linewidth 2.5 title columnheader(i)
