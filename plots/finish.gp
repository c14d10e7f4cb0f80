
# The same once more as PNG, at twice the size.
set terminal pngcairo noenhanced size 2 * width, 2 * height font "DejaVu Sans,13" fontscale 2 linewidth 2 pointscale 2 rounded background rgb "#ffffff"
set output stem.".png"
replot
set output
