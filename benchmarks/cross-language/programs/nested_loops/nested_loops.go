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
	total := 0
	for i := 0; i < n; i++ {
		for j := 0; j < n; j++ {
			total += i*j - j
		}
	}
	return total
}

func main() {
	n, rounds := arg(1, 1000), arg(2, 1)
	total := 0
	for i := 0; i < rounds; i++ {
		total += work(n)
	}
	fmt.Println(total)
}
