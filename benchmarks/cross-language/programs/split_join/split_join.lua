local function make_table(n)
  local lines = {}
  for i = 0, n - 1 do
    lines[#lines + 1] = "row" .. i .. "," .. i * 7 % 1000 .. ",alpha,beta," .. i % 13 .. ",gamma,delta,end"
  end
  return table.concat(lines, "\n")
end

local function split(text, separator)
  local parts, from = {}, 1
  while true do
    local at = text:find(separator, from, true)
    if not at then
      parts[#parts + 1] = text:sub(from)
      return parts
    end
    parts[#parts + 1] = text:sub(from, at - 1)
    from = at + #separator
  end
end

local n = tonumber(arg[1]) or 20000
local rounds = tonumber(arg[2]) or 1
local text = make_table(n)
local total = 0
for _ = 1, rounds do
  local lines = {}
  for _, line in ipairs(split(text, "\n")) do
    local fields = split(line, ",")
    total = total + tonumber(fields[2])
    fields[1], fields[8] = fields[8], fields[1]
    lines[#lines + 1] = table.concat(fields, ",")
  end
  text = table.concat(lines, "\n")
end
print(string.format("%d %d %s", total, #text, text:sub(1, 20)))
