def fib_mod(n)
  a, b = 0, 1
  n.times { a, b = b, (a + b) % 1_000_000_007 }
  a
end

n = (ARGV[0] || 100_000).to_i
puts fib_mod(n)
