def make_table(n)
  lines = []
  n.times { |i| lines << "row#{i},#{i * 7 % 1000},alpha,beta,#{i % 13},gamma,delta,end" }
  lines.join("\n")
end

n = (ARGV[0] || 20_000).to_i
rounds = (ARGV[1] || 1).to_i
text = make_table(n)
total = 0
rounds.times do
  lines = []
  text.split("\n").each do |line|
    fields = line.split(",")
    total += fields[1].to_i
    fields[0], fields[7] = fields[7], fields[0]
    lines << fields.join(",")
  end
  text = lines.join("\n")
end
puts "#{total} #{text.length} #{text[0, 20]}"
