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

func makeTable(n int) string {
	lines := []string{}
	for i := 0; i < n; i++ {
		lines = append(lines, fmt.Sprintf("row%d,%d,alpha,beta,%d,gamma,delta,end", i, i*7%1000, i%13))
	}
	return strings.Join(lines, "\n")
}

func main() {
	n, rounds := arg(1, 20000), arg(2, 1)
	text := makeTable(n)
	total := 0
	for i := 0; i < rounds; i++ {
		lines := []string{}
		for _, line := range strings.Split(text, "\n") {
			fields := strings.Split(line, ",")
			value, err := strconv.Atoi(fields[1])
			if err != nil {
				panic(err)
			}
			total += value
			fields[0], fields[7] = fields[7], fields[0]
			lines = append(lines, strings.Join(fields, ","))
		}
		text = strings.Join(lines, "\n")
	}
	fmt.Println(total, len(text), text[:20])
}
