local function build(n)
  local rows = {}
  for i = 0, n - 1 do
    local row = { i, i + 1, i + 2 }
    row[#row + 1] = i * 2
    rows[#rows + 1] = row
  end
  return rows
end

local function checksum(rows)
  local total = 0
  for _, row in ipairs(rows) do
    total = total + row[1] + row[4]
  end
  return total + #rows
end

local n = tonumber(arg[1]) or 200000
local rounds = tonumber(arg[2]) or 1
local total = 0
for _ = 1, rounds do
  total = total + checksum(build(n))
end
print(string.format("%d", total))
