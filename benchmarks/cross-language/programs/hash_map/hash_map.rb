def work(n)
  map = {}
  n.times { |i| map[(i * 7919) % 1000003] = i }
  total = 0
  n.times { |i| total += map[(i * 7919) % 1000003] }
  total + map.size
end

n = (ARGV[0] || 100_000).to_i
rounds = (ARGV[1] || 1).to_i
total = 0
rounds.times { total += work(n) }
puts total
