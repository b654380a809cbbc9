local function a(i, j)
  return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1)
end

local function times_a(v)
  local n, result = #v, {}
  for i = 0, n - 1 do
    local sum = 0.0
    for j = 0, n - 1 do
      sum = sum + a(i, j) * v[j + 1]
    end
    result[#result + 1] = sum
  end
  return result
end

local function times_a_transposed(v)
  local n, result = #v, {}
  for i = 0, n - 1 do
    local sum = 0.0
    for j = 0, n - 1 do
      sum = sum + a(j, i) * v[j + 1]
    end
    result[#result + 1] = sum
  end
  return result
end

local function spectral_norm(n)
  local u, v = {}, nil
  for i = 1, n do u[i] = 1.0 end
  for _ = 1, 10 do
    v = times_a_transposed(times_a(u))
    u = times_a_transposed(times_a(v))
  end
  local uv, vv = 0.0, 0.0
  for i = 1, n do
    uv = uv + u[i] * v[i]
    vv = vv + v[i] * v[i]
  end
  return math.sqrt(uv / vv)
end

local n = tonumber(arg[1]) or 200
print(string.format("%.9f", spectral_norm(n)))
