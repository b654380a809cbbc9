import sys


def numbers(n):
    xs = []
    seed = 42
    for _ in range(n):
        seed = seed * 16807 % 2147483647
        xs.append(seed % 1_000_000)
    return xs


def merge_halves(a, b):
    result = []
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] <= b[j]:
            result.append(a[i])
            i += 1
        else:
            result.append(b[j])
            j += 1
    while i < len(a):
        result.append(a[i])
        i += 1
    while j < len(b):
        result.append(b[j])
        j += 1
    return result


def mergesort(xs):
    if len(xs) < 2:
        return xs
    middle = len(xs) // 2
    return merge_halves(mergesort(xs[:middle]), mergesort(xs[middle:]))


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    xs = mergesort(numbers(n))
    checksum = 0
    for i, x in enumerate(xs):
        checksum = (checksum + x * (i % 1000)) % 1_000_000_007
    print(checksum, xs[0], xs[n // 2], xs[n - 1])


main()
