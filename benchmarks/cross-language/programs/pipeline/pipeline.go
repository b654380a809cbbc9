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

func mapTo[A, B any](xs []A, f func(A) B) []B {
	result := make([]B, 0, len(xs))
	for _, x := range xs {
		result = append(result, f(x))
	}
	return result
}

func filter[A any](xs []A, keep func(A) bool) []A {
	result := []A{}
	for _, x := range xs {
		if keep(x) {
			result = append(result, x)
		}
	}
	return result
}

func reduce[A, B any](xs []A, start B, f func(B, A) B) B {
	for _, x := range xs {
		start = f(start, x)
	}
	return start
}

func run(xs []int) int {
	xs = mapTo(xs, func(x int) int { return x*3 + 1 })
	xs = filter(xs, func(x int) bool { return x%2 == 0 })
	xs = mapTo(xs, func(x int) int { return x % 1000 })
	return reduce(xs, 0, func(total, x int) int { return total + x })
}

func main() {
	n, rounds := arg(1, 100000), arg(2, 1)
	xs := make([]int, n)
	for i := range xs {
		xs[i] = i
	}
	total := 0
	for i := 0; i < rounds; i++ {
		total += run(xs)
	}
	fmt.Println(total)
}
