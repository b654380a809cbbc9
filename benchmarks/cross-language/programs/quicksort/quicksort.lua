local function numbers(n)
  local xs = {}
  local seed = 42
  for _ = 1, n do
    seed = seed * 16807 % 2147483647
    xs[#xs + 1] = seed % 1000000
  end
  return xs
end

local function quicksort(xs, low, high)
  local i, j = low, high
  local pivot = xs[math.floor((low + high) / 2)]
  while i <= j do
    while xs[i] < pivot do i = i + 1 end
    while xs[j] > pivot do j = j - 1 end
    if i <= j then
      xs[i], xs[j] = xs[j], xs[i]
      i = i + 1
      j = j - 1
    end
  end
  if low < j then quicksort(xs, low, j) end
  if i < high then quicksort(xs, i, high) end
end

local n = tonumber(arg[1]) or 100000
local xs = numbers(n)
quicksort(xs, 1, n)
local checksum = 0
for i, x in ipairs(xs) do
  checksum = (checksum + x * ((i - 1) % 1000)) % 1000000007
end
print(string.format("%d %d %d %d", checksum, xs[1], xs[math.floor(n / 2) + 1], xs[n]))
