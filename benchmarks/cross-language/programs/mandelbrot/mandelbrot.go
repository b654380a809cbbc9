package main

import (
	"fmt"
	"os"
	"strconv"
)

func arg(i, fallback int) int {
	if len(os.Args) > i {
		if v, err := strconv.Atoi(os.Args[i]); err == nil {
			return v
		}
	}
	return fallback
}

func escapeTime(cx, cy float64, limit int) int {
	x, y := 0.0, 0.0
	steps := 0
	for steps < limit && x*x+y*y <= 4.0 {
		x, y = x*x-y*y+cx, 2.0*x*y+cy
		steps++
	}
	return steps
}

func mandelbrot(n, limit int) (int, int) {
	total, inside := 0, 0
	for row := 0; row < n; row++ {
		cy := 2.0*float64(row)/float64(n) - 1.0
		for column := 0; column < n; column++ {
			cx := 2.0*float64(column)/float64(n) - 1.5
			steps := escapeTime(cx, cy, limit)
			total += steps
			if steps == limit {
				inside++
			}
		}
	}
	return total, inside
}

func main() {
	fmt.Println(mandelbrot(arg(1, 300), 50))
}
