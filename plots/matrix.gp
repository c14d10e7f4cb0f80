# Recorded against modelled results at one decision point; what disagrees is framed.
# columns: row, column (from 0), recorded, modelled, decisions, percent (of the row's decisions)
set rmargin -1
set xrange [-0.5 : side - 0.5]
set yrange [side - 0.5 : -0.5]
set cbrange [0 : 100]
set palette defined (0 "#ffffff", 1 "#e9eff7", 30 "#9db8d9", 100 "#16305c")
set xtics rotate by 25 right scale 0
set ytics scale 0
set cbtics 25
set border 15 linewidth 0.6
unset grid
unset key
set xlabel "modelled"
# Names of capitals are wider than gnuplot thinks.
set lmargin 1.25 * longest + 5
set ylabel "recorded" offset -0.25 * longest, 0
set cblabel "share of the row (%)" textcolor rgb "#222222"
set for [i = 1 : side - 1] arrow i from i - 0.5, graph 0 to i - 0.5, graph 1 nohead linecolor rgb "#d8d8d8" linewidth 0.6 dashtype solid front
set for [i = 1 : side - 1] arrow side + i from graph 0, first i - 0.5 to graph 1, first i - 0.5 nohead linecolor rgb "#d8d8d8" linewidth 0.6 dashtype solid front
shown(n) = n > 0 ? sprintf("%.0f", n) : ""
wrong(x, y, n) = x != y && n > 0 ? x : NaN
plot data using 2:1:(0.5):(0.5):6:xticlabels(4):yticlabels(3) skip 1 with boxxyerror fillstyle solid noborder linecolor palette, \
     "" using (wrong($2, $1, $5)):1:(0.46):(0.44) skip 1 with boxxyerror fillstyle empty linecolor rgb "#b3402f" linewidth 2 dashtype solid, \
     "" using 2:1:(shown($5)):($6 > 45 ? 0xffffff : 0x222222) skip 1 with labels textcolor rgb variable
