-- Lua has no big integers: limbs of fifteen decimal digits, least significant first.
local BASE = 1000000000000000

local function add(a, b)
  local sum, carry = {}, 0
  for i = 1, math.max(#a, #b) do
    local limb = (a[i] or 0) + (b[i] or 0) + carry
    if limb >= BASE then
      sum[i], carry = limb - BASE, 1
    else
      sum[i], carry = limb, 0
    end
  end
  if carry > 0 then sum[#sum + 1] = carry end
  return sum
end

local function to_digits(a)
  local parts = { string.format("%d", a[#a]) }
  for i = #a - 1, 1, -1 do
    parts[#parts + 1] = string.format("%015d", a[i])
  end
  return table.concat(parts)
end

local function fib(n)
  local a, b = { 0 }, { 1 }
  for _ = 1, n do
    a, b = b, add(a, b)
  end
  return a
end

local n = tonumber(arg[1]) or 100000
local digits = to_digits(fib(n))
print(#digits .. " " .. digits:sub(1, 20) .. " " .. digits:sub(-20))
