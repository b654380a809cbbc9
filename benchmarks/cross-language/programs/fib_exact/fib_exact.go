package main

import (
	"fmt"
	"math/big"
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

func fib(n int) *big.Int {
	a, b := big.NewInt(0), big.NewInt(1)
	for i := 0; i < n; i++ {
		a.Add(a, b)
		a, b = b, a
	}
	return a
}

func main() {
	digits := fib(arg(1, 100000)).String()
	fmt.Println(len(digits), digits[:20], digits[len(digits)-20:])
}
