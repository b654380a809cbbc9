import sys


class Point:
    def __init__(self, x, y, label):
        self.x = x
        self.y = y
        self.label = label


def build(n):
    points = []
    for i in range(n):
        points.append(Point(i, i * 2, "p"))
    return points


def checksum(points):
    total = 0
    for p in points:
        total += p.x + p.y
        if p.label == "p":
            total += 1
    return total


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    total = 0
    for _ in range(rounds):
        total += checksum(build(n))
    print(total)


main()
