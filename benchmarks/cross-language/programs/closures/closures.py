import sys


def make_counter(start):
    current = start

    def count():
        nonlocal current
        current += 1
        return current

    return count


def make_adder(k):
    return lambda x: x + k


def compose(f, g):
    return lambda x: g(f(x))


def run(n):
    counters = [make_counter(0), make_counter(10), make_counter(20)]
    shift = compose(make_adder(3), make_adder(-1))
    total = 0
    for i in range(n):
        count = counters[i % 3]
        add = make_adder(i % 5)
        total = (add(total) + count() + shift(i)) % 1_000_003
    return total


n = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
print(run(n))
