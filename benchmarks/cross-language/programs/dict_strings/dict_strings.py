import sys


def work(keys):
    d = {}
    for i, key in enumerate(keys):
        d[key] = i
    for key in keys:
        d[key] += 1
    total = 0
    for key in keys:
        total += d[key]
    for key, value in d.items():
        total += value
    return total


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    keys = []
    for i in range(n):
        keys.append(f"key_{i}")
    total = 0
    for _ in range(rounds):
        total += work(keys)
    print(total)


main()
