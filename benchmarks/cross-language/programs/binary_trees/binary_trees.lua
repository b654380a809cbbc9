local function build(depth)
  if depth == 0 then return { left = nil, right = nil } end
  return { left = build(depth - 1), right = build(depth - 1) }
end

local function count_nodes(node)
  if node.left == nil then return 1 end
  return 1 + count_nodes(node.left) + count_nodes(node.right)
end

local function run(max_depth)
  local kept = build(max_depth)
  local total = count_nodes(build(max_depth + 1))
  for depth = 4, max_depth, 4 do
    for _ = 1, 2 ^ (max_depth - depth + 4) do
      total = total + count_nodes(build(depth))
    end
  end
  return total + count_nodes(kept)
end

local n = tonumber(arg[1]) or 12
print(string.format("%d", run(n)))
