import sys
from functools import reduce


def run(xs):
    xs = list(map(lambda x: x * 3 + 1, xs))
    xs = list(filter(lambda x: x % 2 == 0, xs))
    xs = list(map(lambda x: x % 1000, xs))
    return reduce(lambda total, x: total + x, xs, 0)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    xs = list(range(n))
    total = 0
    for _ in range(rounds):
        total += run(xs)
    print(total)


main()
