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

type Board struct {
	n                        int
	columns, rising, falling []bool
}

func newBoard(n int) *Board {
	return &Board{n, make([]bool, n), make([]bool, 2*n), make([]bool, 2*n)}
}

func (b *Board) solutions(row int) int {
	if row == b.n {
		return 1
	}
	total := 0
	for c := 0; c < b.n; c++ {
		up := row + c
		down := row - c + b.n
		if !(b.columns[c] || b.rising[up] || b.falling[down]) {
			b.columns[c] = true
			b.rising[up] = true
			b.falling[down] = true
			total += b.solutions(row + 1)
			b.columns[c] = false
			b.rising[up] = false
			b.falling[down] = false
		}
	}
	return total
}

func main() {
	fmt.Println(newBoard(arg(1, 8)).solutions(0))
}
