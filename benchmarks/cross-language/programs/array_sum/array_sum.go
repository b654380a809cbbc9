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

func fill(n int) []int {
	xs := []int{}
	for i := 0; i < n; i++ {
		xs = append(xs, i)
	}
	return xs
}

func sumUp(xs []int) int {
	total := 0
	for _, x := range xs {
		total += x
	}
	for i := 0; i < len(xs); i++ {
		total += xs[i]
	}
	return total
}

func main() {
	n, rounds := arg(1, 1000000), arg(2, 1)
	total := 0
	for i := 0; i < rounds; i++ {
		total += sumUp(fill(n))
	}
	fmt.Println(total)
}
