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

type Point struct {
	x, y  int
	label string
}

func build(n int) []*Point {
	points := []*Point{}
	for i := 0; i < n; i++ {
		points = append(points, &Point{i, i * 2, "p"})
	}
	return points
}

func checksum(points []*Point) int {
	total := 0
	for _, p := range points {
		total += p.x + p.y
		if p.label == "p" {
			total++
		}
	}
	return total
}

func main() {
	n, rounds := arg(1, 100000), arg(2, 1)
	total := 0
	for i := 0; i < rounds; i++ {
		total += checksum(build(n))
	}
	fmt.Println(total)
}
