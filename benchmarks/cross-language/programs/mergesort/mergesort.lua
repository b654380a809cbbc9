local function numbers(n)
  local xs = {}
  local seed = 42
  for _ = 1, n do
    seed = seed * 16807 % 2147483647
    xs[#xs + 1] = seed % 1000000
  end
  return xs
end

local function slice(xs, first, last)
  local part = {}
  for i = first, last do
    part[#part + 1] = xs[i]
  end
  return part
end

local function merge_halves(a, b)
  local result = {}
  local i, j = 1, 1
  while i <= #a and j <= #b do
    if a[i] <= b[j] then
      result[#result + 1] = a[i]
      i = i + 1
    else
      result[#result + 1] = b[j]
      j = j + 1
    end
  end
  while i <= #a do
    result[#result + 1] = a[i]
    i = i + 1
  end
  while j <= #b do
    result[#result + 1] = b[j]
    j = j + 1
  end
  return result
end

local function mergesort(xs)
  if #xs < 2 then return xs end
  local middle = math.floor(#xs / 2)
  return merge_halves(mergesort(slice(xs, 1, middle)), mergesort(slice(xs, middle + 1, #xs)))
end

local n = tonumber(arg[1]) or 100000
local xs = mergesort(numbers(n))
local checksum = 0
for i, x in ipairs(xs) do
  checksum = (checksum + x * ((i - 1) % 1000)) % 1000000007
end
print(string.format("%d %d %d %d", checksum, xs[1], xs[math.floor(n / 2) + 1], xs[n]))
