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

func mergeHalves(a, b []int) []int {
	result := make([]int, 0, len(a)+len(b))
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		if a[i] <= b[j] {
			result = append(result, a[i])
			i++
		} else {
			result = append(result, b[j])
			j++
		}
	}
	result = append(result, a[i:]...)
	return append(result, b[j:]...)
}

func mergesort(xs []int) []int {
	if len(xs) < 2 {
		return xs
	}
	middle := len(xs) / 2
	return mergeHalves(mergesort(xs[:middle]), mergesort(xs[middle:]))
}

func main() {
	n := arg(1, 100000)
	xs := mergesort(numbers(n))
	checksum := 0
	for i, x := range xs {
		checksum = (checksum + x*(i%1000)) % 1000000007
	}
	fmt.Println(checksum, xs[0], xs[n/2], xs[n-1])
}
