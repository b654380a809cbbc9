def work(keys)
  d = {}
  keys.each_with_index { |key, i| d[key] = i }
  keys.each { |key| d[key] += 1 }
  total = 0
  keys.each { |key| total += d[key] }
  d.each { |_key, value| total += value }
  total
end

n = (ARGV[0] || 1000).to_i
rounds = (ARGV[1] || 1).to_i
keys = []
n.times { |i| keys << "key_#{i}" }
total = 0
rounds.times { total += work(keys) }
puts total
