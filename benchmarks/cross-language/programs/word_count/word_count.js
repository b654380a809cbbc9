function makeText(n) {
  const lines = [];
  let words = [];
  let seed = 7;
  for (let i = 0; i < n; i++) {
    seed = seed * 16807 % 2147483647;
    const a = seed % 1000;
    seed = seed * 16807 % 2147483647;
    words.push(`word${Math.floor(a * (seed % 1000) / 1000)}`);
    if (words.length === 12) {
      lines.push(words.join(" "));
      words = [];
    }
  }
  return lines.join("\n");
}

function countWords(text) {
  const counts = new Map();
  for (const line of text.split("\n")) {
    for (const word of line.split(" ")) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}

const n = Number(process.argv[2] ?? 120000);
const counts = countWords(makeText(n));
const ranking = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
const top = ranking.slice(0, 4).map(([word, times]) => `${word}:${times}`);
console.log(`${counts.size} ${top.join(" ")}`);
