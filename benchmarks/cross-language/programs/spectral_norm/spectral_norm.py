import sys
from math import sqrt


def a(i, j):
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)


def times_a(v):
    n = len(v)
    result = []
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += a(i, j) * v[j]
        result.append(total)
    return result


def times_a_transposed(v):
    n = len(v)
    result = []
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += a(j, i) * v[j]
        result.append(total)
    return result


def spectral_norm(n):
    u = [1.0] * n
    v = []
    for _ in range(10):
        v = times_a_transposed(times_a(u))
        u = times_a_transposed(times_a(v))
    uv = vv = 0.0
    for i in range(n):
        uv += u[i] * v[i]
        vv += v[i] * v[i]
    return sqrt(uv / vv)


n = int(sys.argv[1]) if len(sys.argv) > 1 else 200
print(f"{spectral_norm(n):.9f}")
