local Point = {}
Point.__index = Point

function Point.new(x, y, label)
  return setmetatable({ x = x, y = y, label = label }, Point)
end

local function build(n)
  local points = {}
  for i = 0, n - 1 do
    points[#points + 1] = Point.new(i, i * 2, "p")
  end
  return points
end

local function checksum(points)
  local total = 0
  for _, p in ipairs(points) do
    total = total + p.x + p.y
    if p.label == "p" then total = total + 1 end
  end
  return total
end

local n = tonumber(arg[1]) or 100000
local rounds = tonumber(arg[2]) or 1
local total = 0
for _ = 1, rounds do
  total = total + checksum(build(n))
end
print(string.format("%d", total))
