import sys


def sieve(n):
    is_composite = [False] * (n + 1)
    total = last = 0
    for i in range(2, n + 1):
        if not is_composite[i]:
            total += 1
            last = i
            j = i * i
            while j <= n:
                is_composite[j] = True
                j += i
    return total, last


n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
total, last = sieve(n)
print(total, last)
