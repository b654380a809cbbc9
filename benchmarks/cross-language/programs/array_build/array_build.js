function build(n) {
  const rows = [];
  for (let i = 0; i < n; i++) {
    const row = [i, i + 1, i + 2];
    row.push(i * 2);
    rows.push(row);
  }
  return rows;
}

function checksum(rows) {
  let total = 0;
  for (const row of rows) {
    total += row[0] + row[3];
  }
  return total + rows.length;
}

const n = Number(process.argv[2] ?? 200000);
const rounds = Number(process.argv[3] ?? 1);
let total = 0;
for (let i = 0; i < rounds; i++) {
  total += checksum(build(n));
}
console.log(total);
