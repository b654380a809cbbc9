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

type Node struct{ left, right *Node }

func build(depth int) *Node {
	if depth == 0 {
		return &Node{}
	}
	return &Node{build(depth - 1), build(depth - 1)}
}

func (node *Node) count() int {
	if node.left == nil {
		return 1
	}
	return 1 + node.left.count() + node.right.count()
}

func run(maxDepth int) int {
	kept := build(maxDepth)
	total := build(maxDepth + 1).count()
	for depth := 4; depth <= maxDepth; depth += 4 {
		trees := 1 << (maxDepth - depth + 4)
		for i := 0; i < trees; i++ {
			total += build(depth).count()
		}
	}
	return total + kept.count()
}

func main() {
	fmt.Println(run(arg(1, 12)))
}
