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

func build(n int) [][]int {
	rows := [][]int{}
	for i := 0; i < n; i++ {
		row := []int{i, i + 1, i + 2}
		row = append(row, i*2)
		rows = append(rows, row)
	}
	return rows
}

func checksum(rows [][]int) int {
	total := 0
	for _, row := range rows {
		total += row[0] + row[3]
	}
	return total + len(rows)
}

func main() {
	n, rounds := arg(1, 200000), arg(2, 1)
	total := 0
	for i := 0; i < rounds; i++ {
		total += checksum(build(n))
	}
	fmt.Println(total)
}
