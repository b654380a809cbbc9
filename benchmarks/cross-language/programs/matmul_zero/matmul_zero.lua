local function zeros(n)
  local rows = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do row[j] = 0 end
    rows[i] = row
  end
  return rows
end

local function matrix(n, seed)
  local rows = zeros(n)
  for i = 1, n do
    for j = 1, n do
      rows[i][j] = ((i - 1) * seed + j - 1) % 10 + 0.5
    end
  end
  return rows
end

local function multiply(a, b, n)
  local c = zeros(n)
  for i = 1, n do
    for k = 1, n do
      local x = a[i][k]
      for j = 1, n do
        c[i][j] = c[i][j] + x * b[k][j]
      end
    end
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
