def work(n)
  total = 0
  n.times do |i|
    n.times do |j|
      total += i * j - j
    end
  end
  total
end

n = (ARGV[0] || 1000).to_i
rounds = (ARGV[1] || 1).to_i
total = 0
rounds.times { total += work(n) }
puts total
