def build(n)
  text = +""
  n.times { |i| text << "#{i % 1000}," }
  text
end

n = (ARGV[0] || 100_000).to_i
rounds = (ARGV[1] || 1).to_i
total = 0
tail = ""
rounds.times do
  text = build(n)
  total += text.length
  tail = text[-12..]
end
puts "#{total} #{tail}"
