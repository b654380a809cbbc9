def numbers(n)
  xs = []
  seed = 42
  n.times do
    seed = seed * 16807 % 2147483647
    xs << seed % 1_000_000
  end
  xs
end

def quicksort(xs, low, high)
  i = low
  j = high
  pivot = xs[(low + high) / 2]
  while i <= j
    i += 1 while xs[i] < pivot
    j -= 1 while xs[j] > pivot
    if i <= j
      xs[i], xs[j] = xs[j], xs[i]
      i += 1
      j -= 1
    end
  end
  quicksort(xs, low, j) if low < j
  quicksort(xs, i, high) if i < high
end

n = (ARGV[0] || 100_000).to_i
xs = numbers(n)
quicksort(xs, 0, n - 1)
checksum = 0
xs.each_with_index { |x, i| checksum = (checksum + x * (i % 1000)) % 1_000_000_007 }
puts "#{checksum} #{xs[0]} #{xs[n / 2]} #{xs[n - 1]}"
