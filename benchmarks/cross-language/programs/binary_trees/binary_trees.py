import sys


class Node:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right


def build(depth):
    if depth == 0:
        return Node(None, None)
    return Node(build(depth - 1), build(depth - 1))


def count_nodes(node):
    if node.left is None:
        return 1
    return 1 + count_nodes(node.left) + count_nodes(node.right)


def run(max_depth):
    kept = build(max_depth)
    total = count_nodes(build(max_depth + 1))
    depth = 4
    while depth <= max_depth:
        trees = 1 << (max_depth - depth + 4)
        for _ in range(trees):
            total += count_nodes(build(depth))
        depth += 4
    return total + count_nodes(kept)


n = int(sys.argv[1]) if len(sys.argv) > 1 else 12
print(run(n))
