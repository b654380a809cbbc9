import sys


class Vec:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def plus(self, other):
        return Vec(self.x + other.x, self.y + other.y)

    def dot(self, other):
        return self.x * other.x + self.y * other.y

    def shift(self, dx, dy):
        self.x += dx
        self.y += dy


def run(n):
    step = Vec(1, 2)
    position = Vec(0, 0)
    total = 0
    for i in range(n):
        position = position.plus(step)
        position.shift(-1, i % 3 - 2)
        total += position.dot(step) % 7
    return position, total


n = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
position, total = run(n)
print(position.x, position.y, total)
