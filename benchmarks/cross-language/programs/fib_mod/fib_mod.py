import sys


def fib_mod(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, (a + b) % 1_000_000_007
    return a


n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
print(fib_mod(n))
