local function fill(n)
  local xs = {}
  for i = 0, n - 1 do
    xs[#xs + 1] = i
  end
  return xs
end

local function sum_up(xs)
  local total = 0
  for _, x in ipairs(xs) do
    total = total + x
  end
  for i = 1, #xs do
    total = total + xs[i]
  end
  return total
end

local n = tonumber(arg[1]) or 1000000
local rounds = tonumber(arg[2]) or 1
local total = 0
for _ = 1, rounds do
  total = total + sum_up(fill(n))
end
print(string.format("%d", total))
