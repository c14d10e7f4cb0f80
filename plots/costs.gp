# Costs of each policy in percent of the first one's.
# columns: cost, then percent, one column per policy
set style data histograms
set style histogram clustered gap 1
set ylabel "percent of the first policy"
set yrange [0 : *]
set xtics rotate by 20 right scale 0
set arrow 1 from graph 0, first 100 to graph 1, first 100 nohead linecolor rgb "#444444" linewidth 1 dashtype 2 front
plot for [i = 2 : columns] data using i:xticlabels(1) fillcolor rgb colour[i - 1] title columnheader(i)
