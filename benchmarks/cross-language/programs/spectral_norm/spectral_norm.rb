def a(i, j)
  1.0 / ((i + j) * (i + j + 1) / 2 + i + 1)
end

def times_a(v)
  n = v.length
  n.times.map do |i|
    sum = 0.0
    n.times { |j| sum += a(i, j) * v[j] }
    sum
  end
end

def times_a_transposed(v)
  n = v.length
  n.times.map do |i|
    sum = 0.0
    n.times { |j| sum += a(j, i) * v[j] }
    sum
  end
end

def spectral_norm(n)
  u = [1.0] * n
  v = []
  10.times do
    v = times_a_transposed(times_a(u))
    u = times_a_transposed(times_a(v))
  end
  uv = vv = 0.0
  n.times do |i|
    uv += u[i] * v[i]
    vv += v[i] * v[i]
  end
  Math.sqrt(uv / vv)
end

n = (ARGV[0] || 200).to_i
puts format("%.9f", spectral_norm(n))
