def run(xs)
  xs
    .map { |x| x * 3 + 1 }
    .select { |x| x % 2 == 0 }
    .map { |x| x % 1000 }
    .reduce(0) { |total, x| total + x }
end

n = (ARGV[0] || 100_000).to_i
rounds = (ARGV[1] || 1).to_i
xs = (0...n).to_a
total = 0
rounds.times { total += run(xs) }
puts total
