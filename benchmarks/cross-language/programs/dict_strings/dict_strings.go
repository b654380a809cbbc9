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

func work(keys []string) int {
	d := map[string]int{}
	for i, key := range keys {
		d[key] = i
	}
	for _, key := range keys {
		d[key]++
	}
	total := 0
	for _, key := range keys {
		total += d[key]
	}
	for _, value := range d {
		total += value
	}
	return total
}

func main() {
	n, rounds := arg(1, 1000), arg(2, 1)
	keys := []string{}
	for i := 0; i < n; i++ {
		keys = append(keys, "key_"+strconv.Itoa(i))
	}
	total := 0
	for i := 0; i < rounds; i++ {
		total += work(keys)
	}
	fmt.Println(total)
}
