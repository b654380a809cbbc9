def escape_time(cx, cy, limit)
  x = y = 0.0
  steps = 0
  while steps < limit && x * x + y * y <= 4.0
    x, y = x * x - y * y + cx, 2.0 * x * y + cy
    steps += 1
  end
  steps
end

def mandelbrot(n, limit)
  total = inside = 0
  n.times do |row|
    cy = 2.0 * row / n - 1.0
    n.times do |column|
      cx = 2.0 * column / n - 1.5
      steps = escape_time(cx, cy, limit)
      total += steps
      inside += 1 if steps == limit
    end
  end
  [total, inside]
end

n = (ARGV[0] || 300).to_i
puts mandelbrot(n, 50).join(" ")
