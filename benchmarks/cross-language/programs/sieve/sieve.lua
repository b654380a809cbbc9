local function sieve(n)
  local is_composite = {}
  for i = 1, n do is_composite[i] = false end
  local total, last = 0, 0
  for i = 2, n do
    if not is_composite[i] then
      total = total + 1
      last = i
      for j = i * i, n, i do
        is_composite[j] = true
      end
    end
  end
  return total, last
end

local n = tonumber(arg[1]) or 1000000
print(string.format("%d %d", sieve(n)))
