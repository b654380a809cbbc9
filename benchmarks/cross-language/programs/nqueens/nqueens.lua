local Board = {}
Board.__index = Board

local function flags(n)
  local xs = {}
  for i = 1, n do xs[i] = false end
  return xs
end

function Board.new(n)
  return setmetatable({ n = n, columns = flags(n), rising = flags(2 * n), falling = flags(2 * n) }, Board)
end

function Board:solutions(row)
  if row > self.n then return 1 end
  local total = 0
  for c = 1, self.n do
    local up = row + c - 1
    local down = row - c + self.n
    if not (self.columns[c] or self.rising[up] or self.falling[down]) then
      self.columns[c] = true
      self.rising[up] = true
      self.falling[down] = true
      total = total + self:solutions(row + 1)
      self.columns[c] = false
      self.rising[up] = false
      self.falling[down] = false
    end
  end
  return total
end

local n = tonumber(arg[1]) or 8
print(string.format("%d", Board.new(n):solutions(1)))
