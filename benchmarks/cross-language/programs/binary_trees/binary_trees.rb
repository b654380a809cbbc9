Node = Struct.new(:left, :right)

def build(depth)
  return Node.new(nil, nil) if depth == 0
  Node.new(build(depth - 1), build(depth - 1))
end

def count_nodes(node)
  return 1 if node.left.nil?
  1 + count_nodes(node.left) + count_nodes(node.right)
end

def run(max_depth)
  kept = build(max_depth)
  total = count_nodes(build(max_depth + 1))
  4.step(max_depth, 4) do |depth|
    trees = 1 << (max_depth - depth + 4)
    trees.times { total += count_nodes(build(depth)) }
  end
  total + count_nodes(kept)
end

n = (ARGV[0] || 12).to_i
puts run(n)
