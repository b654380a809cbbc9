-- Lua has no JSON library of its own: a plain encoder and decoder stand here.
local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
local unescapes = { n = "\n", r = "\r", t = "\t", b = "\b", f = "\f" }

local function encode(value, out)
  local kind = type(value)
  if kind == "table" then
    if #value > 0 then
      out[#out + 1] = "["
      for i, item in ipairs(value) do
        if i > 1 then out[#out + 1] = "," end
        encode(item, out)
      end
      out[#out + 1] = "]"
    else
      out[#out + 1] = "{"
      local first = true
      for key, item in pairs(value) do
        if not first then out[#out + 1] = "," end
        first = false
        encode(key, out)
        out[#out + 1] = ":"
        encode(item, out)
      end
      out[#out + 1] = "}"
    end
  elseif kind == "string" then
    out[#out + 1] = '"' .. value:gsub('["\\%c]', escapes) .. '"'
  else
    out[#out + 1] = tostring(value)
  end
end

local find, sub = string.find, string.sub
local decode

local function skip(text, at)
  return find(text, "[^ \n\r\t]", at) or #text + 1
end

local function decode_string(text, at)
  local stop = find(text, '["\\]', at + 1)
  if sub(text, stop, stop) == '"' then return sub(text, at + 1, stop - 1), stop + 1 end
  local parts, from = {}, at + 1
  while sub(text, stop, stop) == "\\" do
    local letter = sub(text, stop + 1, stop + 1)
    parts[#parts + 1] = sub(text, from, stop - 1)
    parts[#parts + 1] = unescapes[letter] or letter
    from = stop + 2
    stop = find(text, '["\\]', from)
  end
  parts[#parts + 1] = sub(text, from, stop - 1)
  return table.concat(parts), stop + 1
end

local function decode_array(text, at)
  local items = {}
  at = skip(text, at + 1)
  if sub(text, at, at) == "]" then return items, at + 1 end
  while true do
    items[#items + 1], at = decode(text, at)
    at = skip(text, at)
    if sub(text, at, at) == "]" then return items, at + 1 end
    at = at + 1
  end
end

local function decode_object(text, at)
  local object = {}
  at = skip(text, at + 1)
  if sub(text, at, at) == "}" then return object, at + 1 end
  while true do
    local key
    key, at = decode_string(text, skip(text, at))
    object[key], at = decode(text, skip(text, at) + 1)
    at = skip(text, at)
    if sub(text, at, at) == "}" then return object, at + 1 end
    at = at + 1
  end
end

function decode(text, at)
  at = skip(text, at)
  local c = sub(text, at, at)
  if c == '"' then return decode_string(text, at) end
  if c == "{" then return decode_object(text, at) end
  if c == "[" then return decode_array(text, at) end
  if c == "t" then return true, at + 4 end
  if c == "f" then return false, at + 5 end
  if c == "n" then return nil, at + 4 end
  local _, last = find(text, "^[-+.%deE]+", at)
  return tonumber(sub(text, at, last)), last + 1
end

local function make_records(n)
  local records = {}
  for i = 0, n - 1 do
    records[#records + 1] = {
      id = i,
      name = "user " .. i,
      score = i % 100 + 0.25,
      active = i % 3 == 0,
      tags = { "a" .. i % 7, 'b"quoted"', "c" },
      position = { x = i % 10, y = -i },
    }
  end
  return records
end

local function checksum(records)
  local ids, score, letters, active = 0, 0.0, 0, 0
  for _, r in ipairs(records) do
    ids = ids + r.id + r.position.x + r.position.y
    score = score + r.score
    letters = letters + #r.name + #r.tags[2]
    if r.active then active = active + 1 end
  end
  return string.format("%d %.2f %d %d", ids, score, letters, active)
end

local n = tonumber(arg[1]) or 2000
local rounds = tonumber(arg[2]) or 1
local records = make_records(n)
for _ = 1, rounds do
  local out = {}
  encode(records, out)
  records = decode(table.concat(out), 1)
end
print(checksum(records))
