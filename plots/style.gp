# Common to all plots: fixed size and font, no enhanced text (names are shown as they are), one palette
# whose lightness falls from entry to entry, and dashes that tell lines apart without colour.
width = exists("width") ? width : 900
height = exists("height") ? height : 420
set encoding utf8
set datafile separator comma
set datafile missing ""
set terminal svg noenhanced size width, height font "DejaVu Sans,13" rounded background rgb "#ffffff" name "hindsight"
set output stem.".svg"
data = stem.".csv"

array colour[7]
colour[1] = "#16305c"; colour[2] = "#b3402f"; colour[3] = "#3f8f8b"; colour[4] = "#e0942f"
colour[5] = "#9db8d9"; colour[6] = "#e3d28a"; colour[7] = "#dddddd"
do for [i = 1:7] {
	set linetype i linecolor rgb colour[i] linewidth 2 dashtype i
}
set linetype cycle 7
set border 3 linecolor rgb "#444444" linewidth 1
set tics nomirror out scale 0.6 textcolor rgb "#222222"
set grid ytics linecolor rgb "#d8d8d8" linewidth 0.6 dashtype solid
set style fill solid 1.0 noborder
set key outside above left horizontal reverse Left samplen 3 spacing 1.15 textcolor rgb "#222222"
# SVG viewers measure text differently: room for the last name of the legend.
set rmargin 8
set xlabel textcolor rgb "#222222"
set ylabel textcolor rgb "#222222"
