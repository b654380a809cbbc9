import sys


def build(n):
    parts = []
    for i in range(n):
        parts.append(f"{i % 1000},")
    return "".join(parts)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    total = 0
    tail = ""
    for _ in range(rounds):
        text = build(n)
        total += len(text)
        tail = text[-12:]
    print(total, tail)


main()
