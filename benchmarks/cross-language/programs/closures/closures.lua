local function make_counter(start)
  local current = start
  return function()
    current = current + 1
    return current
  end
end

local function make_adder(k)
  return function(x) return x + k end
end

local function compose(f, g)
  return function(x) return g(f(x)) end
end

local function run(n)
  local counters = { make_counter(0), make_counter(10), make_counter(20) }
  local shift = compose(make_adder(3), make_adder(-1))
  local total = 0
  for i = 0, n - 1 do
    local count = counters[i % 3 + 1]
    local add = make_adder(i % 5)
    total = (add(total) + count() + shift(i)) % 1000003
  end
  return total
end

local n = tonumber(arg[1]) or 300000
print(string.format("%d", run(n)))
