def fib(n)
  a, b = 0, 1
  n.times { a, b = b, a + b }
  a
end

n = (ARGV[0] || 100_000).to_i
digits = fib(n).to_s
puts "#{digits.length} #{digits[0, 20]} #{digits[-20..]}"
