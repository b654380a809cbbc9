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

func sieve(n int) (int, int) {
	isComposite := make([]bool, n+1)
	total, last := 0, 0
	for i := 2; i <= n; i++ {
		if !isComposite[i] {
			total++
			last = i
			for j := i * i; j <= n; j += i {
				isComposite[j] = true
			}
		}
	}
	return total, last
}

func main() {
	fmt.Println(sieve(arg(1, 1000000)))
}
