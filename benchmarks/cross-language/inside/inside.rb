# Runs a program again and again in this process: `inside.rb REPORT SECONDS PROGRAM ARGS…`; see inside.py.

require "stringio"

report, seconds, path = ARGV.shift(3)
# Redefining methods and constants is what repeating means here.
$VERBOSE = nil
program = RubyVM::InstructionSequence.compile(File.read(path), path, path)
shown = $stdout
arguments = ARGV.dup
times = []
clock = -> { Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) }
began = clock.()
while times.size < 3 || clock.() - began < seconds.to_f
  $stdout = StringIO.new
  ARGV.replace(arguments)
  start = clock.()
  program.eval
  times << clock.() - start
end
output, $stdout = $stdout.string, shown
File.write(report, times.map { |t| format("%.9f\n", t) }.join)
print output
