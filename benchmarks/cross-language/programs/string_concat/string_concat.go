package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

func arg(i, fallback int) int {
	if len(os.Args) > i {
		if v, err := strconv.Atoi(os.Args[i]); err == nil {
			return v
		}
	}
	return fallback
}

func build(n int) string {
	var text strings.Builder
	for i := 0; i < n; i++ {
		text.WriteString(strconv.Itoa(i % 1000))
		text.WriteString(",")
	}
	return text.String()
}

func main() {
	n, rounds := arg(1, 100000), arg(2, 1)
	total, tail := 0, ""
	for i := 0; i < rounds; i++ {
		text := build(n)
		total += len(text)
		tail = text[len(text)-12:]
	}
	fmt.Println(total, tail)
}
