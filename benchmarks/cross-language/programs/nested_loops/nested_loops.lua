local function work(n)
  local total = 0
  for i = 0, n - 1 do
    for j = 0, n - 1 do
      total = total + i * j - j
    end
  end
  return total
end

local n = tonumber(arg[1]) or 1000
local rounds = tonumber(arg[2]) or 1
local total = 0
for _ = 1, rounds do
  total = total + work(n)
end
print(string.format("%d", total))
