local Vec = {}
Vec.__index = Vec

function Vec.new(x, y)
  return setmetatable({ x = x, y = y }, Vec)
end

function Vec:plus(other)
  return Vec.new(self.x + other.x, self.y + other.y)
end

function Vec:dot(other)
  return self.x * other.x + self.y * other.y
end

function Vec:shift(dx, dy)
  self.x = self.x + dx
  self.y = self.y + dy
end

local function run(n)
  local step = Vec.new(1, 2)
  local position = Vec.new(0, 0)
  local total = 0
  for i = 0, n - 1 do
    position = position:plus(step)
    position:shift(-1, i % 3 - 2)
    total = total + position:dot(step) % 7
  end
  return position, total
end

local n = tonumber(arg[1]) or 300000
local position, total = run(n)
print(string.format("%d %d %d", position.x, position.y, total))
