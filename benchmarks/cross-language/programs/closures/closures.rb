def make_counter(start)
  current = start
  -> { current += 1 }
end

def make_adder(k)
  ->(x) { x + k }
end

def compose(f, g)
  ->(x) { g.(f.(x)) }
end

def run(n)
  counters = [make_counter(0), make_counter(10), make_counter(20)]
  shift = compose(make_adder(3), make_adder(-1))
  total = 0
  n.times do |i|
    count = counters[i % 3]
    add = make_adder(i % 5)
    total = (add.(total) + count.() + shift.(i)) % 1_000_003
  end
  total
end

n = (ARGV[0] || 300_000).to_i
puts run(n)
