def fill(n)
  xs = []
  n.times { |i| xs << i }
  xs
end

def sum_up(xs)
  total = 0
  xs.each { |x| total += x }
  i = 0
  while i < xs.length
    total += xs[i]
    i += 1
  end
  total
end

n = (ARGV[0] || 1_000_000).to_i
rounds = (ARGV[1] || 1).to_i
total = 0
rounds.times { total += sum_up(fill(n)) }
puts total
