import sys


def numbers(n):
    xs = []
    seed = 42
    for _ in range(n):
        seed = seed * 16807 % 2147483647
        xs.append(seed % 1_000_000)
    return xs


def quicksort(xs, low, high):
    i, j = low, high
    pivot = xs[(low + high) // 2]
    while i <= j:
        while xs[i] < pivot:
            i += 1
        while xs[j] > pivot:
            j -= 1
        if i <= j:
            xs[i], xs[j] = xs[j], xs[i]
            i += 1
            j -= 1
    if low < j:
        quicksort(xs, low, j)
    if i < high:
        quicksort(xs, i, high)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    xs = numbers(n)
    quicksort(xs, 0, n - 1)
    checksum = 0
    for i, x in enumerate(xs):
        checksum = (checksum + x * (i % 1000)) % 1_000_000_007
    print(checksum, xs[0], xs[n // 2], xs[n - 1])


main()
