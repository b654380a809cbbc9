class Point
  attr_reader :x, :y, :label

  def initialize(x, y, label)
    @x = x
    @y = y
    @label = label
  end
end

def build(n)
  points = []
  n.times { |i| points << Point.new(i, i * 2, "p") }
  points
end

def checksum(points)
  total = 0
  points.each do |p|
    total += p.x + p.y
    total += 1 if p.label == "p"
  end
  total
end

n = (ARGV[0] || 100_000).to_i
rounds = (ARGV[1] || 1).to_i
total = 0
rounds.times { total += checksum(build(n)) }
puts total
