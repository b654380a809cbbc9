local function escape_time(cx, cy, limit)
  local x, y, steps = 0.0, 0.0, 0
  while steps < limit and x * x + y * y <= 4.0 do
    x, y = x * x - y * y + cx, 2.0 * x * y + cy
    steps = steps + 1
  end
  return steps
end

local function mandelbrot(n, limit)
  local total, inside = 0, 0
  for row = 0, n - 1 do
    local cy = 2.0 * row / n - 1.0
    for column = 0, n - 1 do
      local cx = 2.0 * column / n - 1.5
      local steps = escape_time(cx, cy, limit)
      total = total + steps
      if steps == limit then inside = inside + 1 end
    end
  end
  return total, inside
end

local n = tonumber(arg[1]) or 300
print(string.format("%d %d", mandelbrot(n, 50)))
