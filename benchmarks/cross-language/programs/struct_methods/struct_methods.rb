class Vec
  attr_reader :x, :y

  def initialize(x, y)
    @x = x
    @y = y
  end

  def plus(other)
    Vec.new(@x + other.x, @y + other.y)
  end

  def dot(other)
    @x * other.x + @y * other.y
  end

  def shift(dx, dy)
    @x += dx
    @y += dy
  end
end

def run(n)
  step = Vec.new(1, 2)
  position = Vec.new(0, 0)
  total = 0
  n.times do |i|
    position = position.plus(step)
    position.shift(-1, i % 3 - 2)
    total += position.dot(step) % 7
  end
  [position, total]
end

n = (ARGV[0] || 300_000).to_i
position, total = run(n)
puts "#{position.x} #{position.y} #{total}"
