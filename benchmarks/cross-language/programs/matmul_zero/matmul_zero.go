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

func zeros(n int) [][]float64 {
	rows := [][]float64{}
	for i := 0; i < n; i++ {
		rows = append(rows, make([]float64, n))
	}
	return rows
}

func matrix(n, seed int) [][]float64 {
	rows := zeros(n)
	for i := 0; i < n; i++ {
		for j := 0; j < n; j++ {
			rows[i][j] = float64((i*seed+j)%10) + 0.5
		}
	}
	return rows
}

func multiply(a, b [][]float64, n int) [][]float64 {
	c := zeros(n)
	for i := 0; i < n; i++ {
		for k := 0; k < n; k++ {
			x := a[i][k]
			for j := 0; j < n; j++ {
				c[i][j] += x * b[k][j]
			}
		}
	}
	return c
}

func main() {
	n := arg(1, 120)
	c := multiply(matrix(n, 3), matrix(n, 7), n)
	trace := 0.0
	for i := 0; i < n; i++ {
		trace += c[i][i] + c[i][n-1-i]
	}
	fmt.Printf("%.3f\n", trace)
}
