require "json"

def make_records(n)
  n.times.map do |i|
    {
      "id" => i,
      "name" => "user #{i}",
      "score" => i % 100 + 0.25,
      "active" => i % 3 == 0,
      "tags" => ["a#{i % 7}", 'b"quoted"', "c"],
      "position" => { "x" => i % 10, "y" => -i }
    }
  end
end

def checksum(records)
  ids = letters = active = 0
  score = 0.0
  records.each do |r|
    ids += r["id"] + r["position"]["x"] + r["position"]["y"]
    score += r["score"]
    letters += r["name"].length + r["tags"][1].length
    active += 1 if r["active"]
  end
  format("%d %.2f %d %d", ids, score, letters, active)
end

n = (ARGV[0] || 2000).to_i
rounds = (ARGV[1] || 1).to_i
records = make_records(n)
rounds.times { records = JSON.parse(JSON.generate(records)) }
puts checksum(records)
