local function make_text(n)
  local lines, words = {}, {}
  local seed = 7
  for _ = 1, n do
    seed = seed * 16807 % 2147483647
    local a = seed % 1000
    seed = seed * 16807 % 2147483647
    words[#words + 1] = "word" .. math.floor(a * (seed % 1000) / 1000)
    if #words == 12 then
      lines[#lines + 1] = table.concat(words, " ")
      words = {}
    end
  end
  return table.concat(lines, "\n")
end

local function count_words(text)
  local counts = {}
  for line in text:gmatch("[^\n]+") do
    for word in line:gmatch("[^ ]+") do
      counts[word] = (counts[word] or 0) + 1
    end
  end
  return counts
end

local n = tonumber(arg[1]) or 120000
local counts = count_words(make_text(n))
local ranking = {}
for word, times in pairs(counts) do
  ranking[#ranking + 1] = { word, times }
end
table.sort(ranking, function(a, b)
  if a[2] ~= b[2] then return a[2] > b[2] end
  return a[1] < b[1]
end)
local top = {}
for i = 1, 4 do
  top[i] = ranking[i][1] .. ":" .. ranking[i][2]
end
print(#ranking .. " " .. table.concat(top, " "))
