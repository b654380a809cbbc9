package main

import (
	"fmt"
	"math"
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

func a(i, j int) float64 {
	return 1.0 / float64((i+j)*(i+j+1)/2+i+1)
}

func timesA(v []float64) []float64 {
	result := []float64{}
	for i := range v {
		sum := 0.0
		for j := range v {
			sum += a(i, j) * v[j]
		}
		result = append(result, sum)
	}
	return result
}

func timesATransposed(v []float64) []float64 {
	result := []float64{}
	for i := range v {
		sum := 0.0
		for j := range v {
			sum += a(j, i) * v[j]
		}
		result = append(result, sum)
	}
	return result
}

func spectralNorm(n int) float64 {
	u := make([]float64, n)
	for i := range u {
		u[i] = 1.0
	}
	var v []float64
	for i := 0; i < 10; i++ {
		v = timesATransposed(timesA(u))
		u = timesATransposed(timesA(v))
	}
	uv, vv := 0.0, 0.0
	for i := range u {
		uv += u[i] * v[i]
		vv += v[i] * v[i]
	}
	return math.Sqrt(uv / vv)
}

func main() {
	fmt.Printf("%.9f\n", spectralNorm(arg(1, 200)))
}
