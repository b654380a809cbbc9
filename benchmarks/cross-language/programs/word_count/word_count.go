package main

import (
	"fmt"
	"os"
	"sort"
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

func makeText(n int) string {
	lines := []string{}
	words := []string{}
	seed := 7
	for i := 0; i < n; i++ {
		seed = seed * 16807 % 2147483647
		a := seed % 1000
		seed = seed * 16807 % 2147483647
		words = append(words, "word"+strconv.Itoa(a*(seed%1000)/1000))
		if len(words) == 12 {
			lines = append(lines, strings.Join(words, " "))
			words = nil
		}
	}
	return strings.Join(lines, "\n")
}

func countWords(text string) map[string]int {
	counts := map[string]int{}
	for _, line := range strings.Split(text, "\n") {
		for _, word := range strings.Split(line, " ") {
			counts[word]++
		}
	}
	return counts
}

type Pair struct {
	word  string
	times int
}

func main() {
	counts := countWords(makeText(arg(1, 120000)))
	ranking := []Pair{}
	for word, times := range counts {
		ranking = append(ranking, Pair{word, times})
	}
	sort.Slice(ranking, func(i, j int) bool {
		a, b := ranking[i], ranking[j]
		if a.times != b.times {
			return a.times > b.times
		}
		return a.word < b.word
	})
	top := []string{}
	for _, pair := range ranking[:4] {
		top = append(top, fmt.Sprintf("%s:%d", pair.word, pair.times))
	}
	fmt.Println(len(counts), strings.Join(top, " "))
}
