import sys


def build(n):
    rows = []
    for i in range(n):
        row = [i, i + 1, i + 2]
        row.append(i * 2)
        rows.append(row)
    return rows


def checksum(rows):
    total = 0
    for row in rows:
        total += row[0] + row[3]
    return total + len(rows)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    total = 0
    for _ in range(rounds):
        total += checksum(build(n))
    print(total)


main()
