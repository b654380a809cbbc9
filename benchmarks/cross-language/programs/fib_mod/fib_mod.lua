local function fib_mod(n)
  local a, b = 0, 1
  for _ = 1, n do
    a, b = b, (a + b) % 1000000007
  end
  return a
end

local n = tonumber(arg[1]) or 100000
print(string.format("%d", fib_mod(n)))
