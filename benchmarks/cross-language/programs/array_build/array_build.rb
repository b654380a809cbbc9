def build(n)
  rows = []
  n.times do |i|
    row = [i, i + 1, i + 2]
    row << i * 2
    rows << row
  end
  rows
end

def checksum(rows)
  total = 0
  rows.each { |row| total += row[0] + row[3] }
  total + rows.length
end

n = (ARGV[0] || 200_000).to_i
rounds = (ARGV[1] || 1).to_i
total = 0
rounds.times { total += checksum(build(n)) }
puts total
