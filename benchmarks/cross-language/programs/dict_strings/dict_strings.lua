local function work(keys)
  local d = {}
  for i, key in ipairs(keys) do
    d[key] = i - 1
  end
  for _, key in ipairs(keys) do
    d[key] = d[key] + 1
  end
  local total = 0
  for _, key in ipairs(keys) do
    total = total + d[key]
  end
  for _, value in pairs(d) do
    total = total + value
  end
  return total
end

local n = tonumber(arg[1]) or 1000
local rounds = tonumber(arg[2]) or 1
local keys = {}
for i = 0, n - 1 do
  keys[#keys + 1] = "key_" .. i
end
local total = 0
for _ = 1, rounds do
  total = total + work(keys)
end
print(string.format("%d", total))
