function escapeTime(cx, cy, limit) {
  let x = 0.0;
  let y = 0.0;
  let steps = 0;
  while (steps < limit && x * x + y * y <= 4.0) {
    const next = x * x - y * y + cx;
    y = 2.0 * x * y + cy;
    x = next;
    steps++;
  }
  return steps;
}

function mandelbrot(n, limit) {
  let total = 0;
  let inside = 0;
  for (let row = 0; row < n; row++) {
    const cy = 2.0 * row / n - 1.0;
    for (let column = 0; column < n; column++) {
      const cx = 2.0 * column / n - 1.5;
      const steps = escapeTime(cx, cy, limit);
      total += steps;
      if (steps === limit) inside++;
    }
  }
  return [total, inside];
}

const n = Number(process.argv[2] ?? 300);
const [total, inside] = mandelbrot(n, 50);
console.log(`${total} ${inside}`);
