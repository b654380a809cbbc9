def make_text(n)
  lines = []
  words = []
  seed = 7
  n.times do
    seed = seed * 16807 % 2147483647
    a = seed % 1000
    seed = seed * 16807 % 2147483647
    words << "word#{a * (seed % 1000) / 1000}"
    if words.length == 12
      lines << words.join(" ")
      words = []
    end
  end
  lines.join("\n")
end

def count_words(text)
  counts = Hash.new(0)
  text.split("\n").each do |line|
    line.split(" ").each { |word| counts[word] += 1 }
  end
  counts
end

n = (ARGV[0] || 120_000).to_i
counts = count_words(make_text(n))
ranking = counts.sort_by { |word, times| [-times, word] }
top = ranking.take(4).map { |word, times| "#{word}:#{times}" }
puts "#{counts.size} #{top.join(" ")}"
