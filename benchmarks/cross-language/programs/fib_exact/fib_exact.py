import sys

sys.set_int_max_str_digits(0) if hasattr(sys, "set_int_max_str_digits") else None


def fib(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
digits = str(fib(n))
print(len(digits), digits[:20], digits[-20:])
