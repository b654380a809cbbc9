def fannkuch(n)
  perm1 = (0...n).to_a
  counts = [0] * n
  max_flips = 0
  checksum = 0
  r = n
  even = true
  while true
    while r != 1
      counts[r - 1] = r
      r -= 1
    end
    perm = perm1.dup
    flips = 0
    k = perm[0]
    while k != 0
      i = 0
      j = k
      while i < j
        perm[i], perm[j] = perm[j], perm[i]
        i += 1
        j -= 1
      end
      flips += 1
      k = perm[0]
    end
    max_flips = flips if flips > max_flips
    checksum += even ? flips : -flips
    while true
      return [checksum, max_flips] if r == n
      first = perm1[0]
      i = 0
      while i < r
        perm1[i] = perm1[i + 1]
        i += 1
      end
      perm1[r] = first
      counts[r] -= 1
      break if counts[r] > 0
      r += 1
    end
    even = !even
  end
end

n = (ARGV[0] || 8).to_i
puts fannkuch(n).join(" ")
