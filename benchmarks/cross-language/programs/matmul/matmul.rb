def matrix(n, seed)
  rows = []
  n.times do |i|
    row = []
    n.times { |j| row << (i * seed + j) % 10 + 0.5 }
    rows << row
  end
  rows
end

def multiply(a, b, n)
  c = []
  n.times do |i|
    row = []
    n.times do |j|
      sum = 0.0
      n.times { |k| sum += a[i][k] * b[k][j] }
      row << sum
    end
    c << row
  end
  c
end

n = (ARGV[0] || 120).to_i
c = multiply(matrix(n, 3), matrix(n, 7), n)
trace = 0.0
n.times { |i| trace += c[i][i] + c[i][n - 1 - i] }
puts format("%.3f", trace)
