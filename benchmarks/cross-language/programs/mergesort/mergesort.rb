def numbers(n)
  xs = []
  seed = 42
  n.times do
    seed = seed * 16807 % 2147483647
    xs << seed % 1_000_000
  end
  xs
end

def merge_halves(a, b)
  result = []
  i = j = 0
  while i < a.length && j < b.length
    if a[i] <= b[j]
      result << a[i]
      i += 1
    else
      result << b[j]
      j += 1
    end
  end
  while i < a.length
    result << a[i]
    i += 1
  end
  while j < b.length
    result << b[j]
    j += 1
  end
  result
end

def mergesort(xs)
  return xs if xs.length < 2
  middle = xs.length / 2
  merge_halves(mergesort(xs[0...middle]), mergesort(xs[middle..]))
end

n = (ARGV[0] || 100_000).to_i
xs = mergesort(numbers(n))
checksum = 0
xs.each_with_index { |x, i| checksum = (checksum + x * (i % 1000)) % 1_000_000_007 }
puts "#{checksum} #{xs[0]} #{xs[n / 2]} #{xs[n - 1]}"
