local function fannkuch(n)
  local perm1, perm, counts = {}, {}, {}
  for i = 0, n - 1 do
    perm1[i] = i
    counts[i] = 0
  end
  local max_flips, checksum, r, even = 0, 0, n, true
  while true do
    while r ~= 1 do
      counts[r - 1] = r
      r = r - 1
    end
    for i = 0, n - 1 do perm[i] = perm1[i] end
    local flips = 0
    local k = perm[0]
    while k ~= 0 do
      local i, j = 0, k
      while i < j do
        perm[i], perm[j] = perm[j], perm[i]
        i = i + 1
        j = j - 1
      end
      flips = flips + 1
      k = perm[0]
    end
    if flips > max_flips then max_flips = flips end
    if even then checksum = checksum + flips else checksum = checksum - flips end
    while true do
      if r == n then return checksum, max_flips end
      local first = perm1[0]
      for i = 0, r - 1 do
        perm1[i] = perm1[i + 1]
      end
      perm1[r] = first
      counts[r] = counts[r] - 1
      if counts[r] > 0 then break end
      r = r + 1
    end
    even = not even
  end
end

local n = tonumber(arg[1]) or 8
local checksum, max_flips = fannkuch(n)
print(string.format("%d %d", checksum, max_flips))
