class Board
  def initialize(n)
    @n = n
    @columns = [false] * n
    @rising = [false] * (2 * n)
    @falling = [false] * (2 * n)
  end

  def solutions(row)
    return 1 if row == @n
    total = 0
    @n.times do |c|
      up = row + c
      down = row - c + @n
      next if @columns[c] || @rising[up] || @falling[down]
      @columns[c] = @rising[up] = @falling[down] = true
      total += solutions(row + 1)
      @columns[c] = @rising[up] = @falling[down] = false
    end
    total
  end
end

n = (ARGV[0] || 8).to_i
puts Board.new(n).solutions(0)
