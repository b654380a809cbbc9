def zeros(n)
  Array.new(n) { [0] * n }
end

def matrix(n, seed)
  rows = zeros(n)
  n.times do |i|
    n.times { |j| rows[i][j] = (i * seed + j) % 10 + 0.5 }
  end
  rows
end

def multiply(a, b, n)
  c = zeros(n)
  n.times do |i|
    n.times do |k|
      x = a[i][k]
      n.times { |j| c[i][j] += x * b[k][j] }
    end
  end
  c
end

n = (ARGV[0] || 120).to_i
c = multiply(matrix(n, 3), matrix(n, 7), n)
trace = 0.0
n.times { |i| trace += c[i][i] + c[i][n - 1 - i] }
puts format("%.3f", trace)
