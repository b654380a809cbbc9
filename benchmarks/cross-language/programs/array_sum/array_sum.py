import sys


def fill(n):
    xs = []
    for i in range(n):
        xs.append(i)
    return xs


def sum_up(xs):
    total = 0
    for x in xs:
        total += x
    for i in range(len(xs)):
        total += xs[i]
    return total


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    total = 0
    for _ in range(rounds):
        total += sum_up(fill(n))
    print(total)


main()
