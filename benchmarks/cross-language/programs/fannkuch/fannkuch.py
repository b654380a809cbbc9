import sys


def fannkuch(n):
    perm1 = list(range(n))
    counts = [0] * n
    max_flips = 0
    checksum = 0
    r = n
    even = True
    while True:
        while r != 1:
            counts[r - 1] = r
            r -= 1
        perm = perm1[:]
        flips = 0
        k = perm[0]
        while k != 0:
            i, j = 0, k
            while i < j:
                perm[i], perm[j] = perm[j], perm[i]
                i += 1
                j -= 1
            flips += 1
            k = perm[0]
        if flips > max_flips:
            max_flips = flips
        checksum += flips if even else -flips
        while True:
            if r == n:
                return checksum, max_flips
            first = perm1[0]
            for i in range(r):
                perm1[i] = perm1[i + 1]
            perm1[r] = first
            counts[r] -= 1
            if counts[r] > 0:
                break
            r += 1
        even = not even


n = int(sys.argv[1]) if len(sys.argv) > 1 else 8
checksum, max_flips = fannkuch(n)
print(checksum, max_flips)
