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

func makeCounter(start int) func() int {
	current := start
	return func() int {
		current++
		return current
	}
}

func makeAdder(k int) func(int) int {
	return func(x int) int { return x + k }
}

func compose(f, g func(int) int) func(int) int {
	return func(x int) int { return g(f(x)) }
}

func run(n int) int {
	counters := []func() int{makeCounter(0), makeCounter(10), makeCounter(20)}
	shift := compose(makeAdder(3), makeAdder(-1))
	total := 0
	for i := 0; i < n; i++ {
		next := counters[i%3]
		add := makeAdder(i % 5)
		total = (add(total) + next() + shift(i)) % 1000003
	}
	return total
}

func main() {
	fmt.Println(run(arg(1, 300000)))
}
