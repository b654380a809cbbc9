import sys


def work(n):
    total = 0
    for i in range(n):
        for j in range(n):
            total += i * j - j
    return total


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    total = 0
    for _ in range(rounds):
        total += work(n)
    print(total)


main()
