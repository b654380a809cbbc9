package main

import (
	"encoding/json"
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

type Position struct {
	X int `json:"x"`
	Y int `json:"y"`
}

type Record struct {
	ID       int      `json:"id"`
	Name     string   `json:"name"`
	Score    float64  `json:"score"`
	Active   bool     `json:"active"`
	Tags     []string `json:"tags"`
	Position Position `json:"position"`
}

func makeRecords(n int) []Record {
	records := []Record{}
	for i := 0; i < n; i++ {
		records = append(records, Record{
			ID:       i,
			Name:     "user " + strconv.Itoa(i),
			Score:    float64(i%100) + 0.25,
			Active:   i%3 == 0,
			Tags:     []string{"a" + strconv.Itoa(i%7), "b\"quoted\"", "c"},
			Position: Position{i % 10, -i},
		})
	}
	return records
}

func checksum(records []Record) string {
	ids, letters, active := 0, 0, 0
	score := 0.0
	for _, r := range records {
		ids += r.ID + r.Position.X + r.Position.Y
		score += r.Score
		letters += len(r.Name) + len(r.Tags[1])
		if r.Active {
			active++
		}
	}
	return fmt.Sprintf("%d %.2f %d %d", ids, score, letters, active)
}

func main() {
	n, rounds := arg(1, 2000), arg(2, 1)
	records := makeRecords(n)
	for i := 0; i < rounds; i++ {
		text, err := json.Marshal(records)
		if err != nil {
			panic(err)
		}
		records = nil
		if err := json.Unmarshal(text, &records); err != nil {
			panic(err)
		}
	}
	fmt.Println(checksum(records))
}
