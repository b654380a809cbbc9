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

type Vec struct{ x, y int }

func (v *Vec) plus(other *Vec) *Vec {
	return &Vec{v.x + other.x, v.y + other.y}
}

func (v *Vec) dot(other *Vec) int {
	return v.x*other.x + v.y*other.y
}

func (v *Vec) shift(dx, dy int) {
	v.x += dx
	v.y += dy
}

func run(n int) (*Vec, int) {
	step := &Vec{1, 2}
	position := &Vec{0, 0}
	total := 0
	for i := 0; i < n; i++ {
		position = position.plus(step)
		position.shift(-1, i%3-2)
		total += position.dot(step) % 7
	}
	return position, total
}

func main() {
	position, total := run(arg(1, 300000))
	fmt.Println(position.x, position.y, total)
}
