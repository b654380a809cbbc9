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

func work(n int) int {
	table := map[int]int{}
	for i := 0; i < n; i++ {
		table[(i*7919)%1000003] = i
	}
	total := 0
	for i := 0; i < n; i++ {
		total += table[(i*7919)%1000003]
	}
	return total + len(table)
}

func main() {
	n, rounds := arg(1, 100000), arg(2, 1)
	total := 0
	for i := 0; i < rounds; i++ {
		total += work(n)
	}
	fmt.Println(total)
}
