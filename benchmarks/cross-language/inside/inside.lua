-- Runs a program again and again in this process: `inside.lua REPORT SECONDS PROGRAM ARGS…`; see inside.py.

local report, seconds, path = arg[1], tonumber(arg[2]), arg[3]
for i = 1, #arg do arg[i] = arg[i + 3] end
local program = assert(loadfile(path))
local shown = print
local write = io.write
local output
local function keep(...) output[#output + 1] = table.concat({ ... }) end
print = function(...)
  local words = { ... }
  for i = 1, #words do words[i] = tostring(words[i]) end
  keep(table.concat(words, "\t"), "\n")
end
io.write = keep
local times = {}
local began = os.clock()
while #times < 3 or os.clock() - began < seconds do
  output = {}
  local start = os.clock()
  program(table.unpack and table.unpack(arg) or unpack(arg))
  times[#times + 1] = os.clock() - start
end
print, io.write = shown, write
local file = assert(io.open(report, "w"))
for _, t in ipairs(times) do file:write(string.format("%.9f\n", t)) end
file:close()
io.write(table.concat(output))
