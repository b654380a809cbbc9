local function map(xs, f)
  local result = {}
  for i, x in ipairs(xs) do
    result[i] = f(x)
  end
  return result
end

local function filter(xs, keep)
  local result = {}
  for _, x in ipairs(xs) do
    if keep(x) then result[#result + 1] = x end
  end
  return result
end

local function reduce(xs, start, f)
  for _, x in ipairs(xs) do
    start = f(start, x)
  end
  return start
end

local function run(xs)
  xs = map(xs, function(x) return x * 3 + 1 end)
  xs = filter(xs, function(x) return x % 2 == 0 end)
  xs = map(xs, function(x) return x % 1000 end)
  return reduce(xs, 0, function(total, x) return total + x end)
end

local n = tonumber(arg[1]) or 100000
local rounds = tonumber(arg[2]) or 1
local xs = {}
for i = 0, n - 1 do
  xs[i + 1] = i
end
local total = 0
for _ = 1, rounds do
  total = total + run(xs)
end
print(string.format("%d", total))
