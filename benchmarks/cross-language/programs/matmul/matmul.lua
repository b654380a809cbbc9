local function matrix(n, seed)
  local rows = {}
  for i = 0, n - 1 do
    local row = {}
    for j = 0, n - 1 do
      row[#row + 1] = (i * seed + j) % 10 + 0.5
    end
    rows[#rows + 1] = row
  end
  return rows
end

local function multiply(a, b, n)
  local c = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do
      local sum = 0.0
      for k = 1, n do
        sum = sum + a[i][k] * b[k][j]
      end
      row[#row + 1] = sum
    end
    c[#c + 1] = row
  end
  return c
end

local n = tonumber(arg[1]) or 120
local c = multiply(matrix(n, 3), matrix(n, 7), n)
local trace = 0.0
for i = 1, n do
  trace = trace + c[i][i] + c[i][n + 1 - i]
end
print(string.format("%.3f", trace))
