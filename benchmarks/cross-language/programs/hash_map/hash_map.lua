local function work(n)
  local map, size = {}, 0
  for i = 0, n - 1 do
    local key = (i * 7919) % 1000003
    if map[key] == nil then size = size + 1 end
    map[key] = i
  end
  local total = 0
  for i = 0, n - 1 do
    total = total + map[(i * 7919) % 1000003]
  end
  return total + size
end

local n = tonumber(arg[1]) or 100000
local rounds = tonumber(arg[2]) or 1
local total = 0
for _ = 1, rounds do
  total = total + work(n)
end
print(string.format("%d", total))
