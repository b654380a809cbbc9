import sys


def work(n):
    table = {}
    for i in range(n):
        table[(i * 7919) % 1000003] = i
    total = 0
    for i in range(n):
        total += table[(i * 7919) % 1000003]
    return total + len(table)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    total = 0
    for _ in range(rounds):
        total += work(n)
    print(total)


main()
