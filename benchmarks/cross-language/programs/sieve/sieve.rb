def sieve(n)
  is_composite = [false] * (n + 1)
  total = last = 0
  (2..n).each do |i|
    next if is_composite[i]
    total += 1
    last = i
    j = i * i
    while j <= n
      is_composite[j] = true
      j += i
    end
  end
  [total, last]
end

n = (ARGV[0] || 1_000_000).to_i
puts sieve(n).join(" ")
