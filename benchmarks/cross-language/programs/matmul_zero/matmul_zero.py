import sys


def zeros(n):
    rows = []
    for _ in range(n):
        rows.append([0] * n)
    return rows


def matrix(n, seed):
    rows = zeros(n)
    for i in range(n):
        for j in range(n):
            rows[i][j] = (i * seed + j) % 10 + 0.5
    return rows


def multiply(a, b, n):
    c = zeros(n)
    for i in range(n):
        for k in range(n):
            x = a[i][k]
            for j in range(n):
                c[i][j] += x * b[k][j]
    return c


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    c = multiply(matrix(n, 3), matrix(n, 7), n)
    trace = 0.0
    for i in range(n):
        trace += c[i][i] + c[i][n - 1 - i]
    print(f"{trace:.3f}")


main()
