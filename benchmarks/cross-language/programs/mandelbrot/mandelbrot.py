import sys


def escape_time(cx, cy, limit):
    x = y = 0.0
    steps = 0
    while steps < limit and x * x + y * y <= 4.0:
        x, y = x * x - y * y + cx, 2.0 * x * y + cy
        steps += 1
    return steps


def mandelbrot(n, limit):
    total = inside = 0
    for row in range(n):
        cy = 2.0 * row / n - 1.0
        for column in range(n):
            cx = 2.0 * column / n - 1.5
            steps = escape_time(cx, cy, limit)
            total += steps
            if steps == limit:
                inside += 1
    return total, inside


n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
total, inside = mandelbrot(n, 50)
print(total, inside)
