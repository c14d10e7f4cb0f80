# Things side by side over time, coloured by what they were.
# columns: start, end (seconds since the start), low, high (places), look (from 0), its name, number of the lowest
set rmargin -1
set xlabel "time since the start (s)"
set ylabel what
set xrange [0 : end]
set yrange [-0.5 : places - 0.5]
set ytics scale 0
unset grid
set key outside right top vertical noreverse Left
array shade[7]
shade[1] = 0xdddddd; shade[2] = 0x9db8d9; shade[3] = 0x16305c; shade[4] = 0xe0942f
shade[5] = 0x3f8f8b; shade[6] = 0xb3402f; shade[7] = 0xf2efe4
looks = ""
do for [k = 1:7] { if (int(seen) & (1 << (k - 1))) { looks = looks." ".k } }
name(k) = word("DMA DMA32 Normal Movable Device several-zones offline", k)
every_nth = places > 40 ? ceil(places / 40.0) : 1
tick(low, number) = int(low) % every_nth ? "" : sprintf("%d", number)
set style fill solid 1.0 border rgb "#ffffff"
plot data using (($1 + $2) / 2):(($3 + $4) / 2):1:2:($3 - 0.5):($4 + 0.5):(shade[int($5) + 1]):ytic(tick($3, $7)) \
     skip 1 with boxxyerror linecolor rgb variable notitle, \
     for [k in looks] keyentry with boxes fillstyle solid fillcolor rgb shade[int(k)] title name(int(k))
