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

func matrix(n, seed int) [][]float64 {
	rows := [][]float64{}
	for i := 0; i < n; i++ {
		row := []float64{}
		for j := 0; j < n; j++ {
			row = append(row, float64((i*seed+j)%10)+0.5)
		}
		rows = append(rows, row)
	}
	return rows
}

func multiply(a, b [][]float64, n int) [][]float64 {
	c := [][]float64{}
	for i := 0; i < n; i++ {
		row := []float64{}
		for j := 0; j < n; j++ {
			sum := 0.0
			for k := 0; k < n; k++ {
				sum += a[i][k] * b[k][j]
			}
			row = append(row, sum)
		}
		c = append(c, row)
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
