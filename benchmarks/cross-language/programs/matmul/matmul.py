import sys


def matrix(n, seed):
    rows = []
    for i in range(n):
        row = []
        for j in range(n):
            row.append((i * seed + j) % 10 + 0.5)
        rows.append(row)
    return rows


def multiply(a, b, n):
    c = []
    for i in range(n):
        row = []
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += a[i][k] * b[k][j]
            row.append(total)
        c.append(row)
    return c


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    c = multiply(matrix(n, 3), matrix(n, 7), n)
    trace = 0.0
    for i in range(n):
        trace += c[i][i] + c[i][n - 1 - i]
    print(f"{trace:.3f}")


main()
