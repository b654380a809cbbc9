local function build(n)
  local parts = {}
  for i = 0, n - 1 do
    parts[#parts + 1] = (i % 1000) .. ","
  end
  return table.concat(parts)
end

local n = tonumber(arg[1]) or 100000
local rounds = tonumber(arg[2]) or 1
local total, tail = 0, ""
for _ = 1, rounds do
  local text = build(n)
  total = total + #text
  tail = text:sub(-12)
end
print(string.format("%d %s", total, tail))
