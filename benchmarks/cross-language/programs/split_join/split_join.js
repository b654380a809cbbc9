function makeTable(n) {
  const lines = [];
  for (let i = 0; i < n; i++) {
    lines.push(`row${i},${i * 7 % 1000},alpha,beta,${i % 13},gamma,delta,end`);
  }
  return lines.join("\n");
}

const n = Number(process.argv[2] ?? 20000);
const rounds = Number(process.argv[3] ?? 1);
let text = makeTable(n);
let total = 0;
for (let i = 0; i < rounds; i++) {
  const lines = [];
  for (const line of text.split("\n")) {
    const fields = line.split(",");
    total += Number(fields[1]);
    [fields[0], fields[7]] = [fields[7], fields[0]];
    lines.push(fields.join(","));
  }
  text = lines.join("\n");
}
console.log(`${total} ${text.length} ${text.slice(0, 20)}`);
