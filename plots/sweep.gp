# What a tunable's value gains and costs.
# columns: value of the tunable, low (gained for sure), high (gained at most), modelled, cost
set rmargin -1
set xlabel what_x
set ylabel what_y
set yrange [0 : *]
set y2label what_cost textcolor rgb "#222222"
set y2tics nomirror
set format y2 "%.1s%c"
set y2range [0 : *]
set border 11
plot data using 1:2:3 skip 1 with filledcurves fillcolor rgb "#cdd9ea" title "possible (bounded or assumed inputs)", \
     "" using 1:2 skip 1 with linespoints linetype 1 dashtype solid linewidth 2.5 pointtype 7 title "for sure (exact inputs)", \
     "" using 1:4 skip 1 with linespoints linetype 1 dashtype 3 pointtype 6 title "as modelled", \
     "" using 1:5 skip 1 axes x1y2 with linespoints linetype 2 dashtype 2 pointtype 5 title what_cost." (right)"
