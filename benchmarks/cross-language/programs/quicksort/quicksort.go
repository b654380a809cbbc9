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

func numbers(n int) []int {
	xs := []int{}
	seed := 42
	for i := 0; i < n; i++ {
		seed = seed * 16807 % 2147483647
		xs = append(xs, seed%1000000)
	}
	return xs
}

func quicksort(xs []int, low, high int) {
	i, j := low, high
	pivot := xs[(low+high)/2]
	for i <= j {
		for xs[i] < pivot {
			i++
		}
		for xs[j] > pivot {
			j--
		}
		if i <= j {
			xs[i], xs[j] = xs[j], xs[i]
			i++
			j--
		}
	}
	if low < j {
		quicksort(xs, low, j)
	}
	if i < high {
		quicksort(xs, i, high)
	}
}

func main() {
	n := arg(1, 100000)
	xs := numbers(n)
	quicksort(xs, 0, n-1)
	checksum := 0
	for i, x := range xs {
		checksum = (checksum + x*(i%1000)) % 1000000007
	}
	fmt.Println(checksum, xs[0], xs[n/2], xs[n-1])
}
