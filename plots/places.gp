# Where memory was over time: how much of each row was inside.
# columns: from, to (seconds since the start), row (from 0), percent, label (of the row)
set rmargin -1
set xlabel "time since the start (s)"
set xrange [0 : end]
set yrange [rows - 0.5 : -0.5]
set cbrange [0 : 100]
set palette defined (0 "#ffffff", 1 "#e9eff7", 30 "#9db8d9", 100 "#16305c")
set ytics scale 0 font "DejaVu Sans,9"
set cbtics 25
set border 15 linewidth 0.6
unset grid
unset key
set cblabel "in VRAM (% of the row)" textcolor rgb "#222222"
plot data using (($1 + $2) / 2):3:(($2 - $1) / 2):(0.5):4:yticlabels(5) skip 1 with boxxyerror \
     fillstyle solid noborder linecolor palette
