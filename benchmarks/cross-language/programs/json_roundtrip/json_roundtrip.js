function makeRecords(n) {
  const records = [];
  for (let i = 0; i < n; i++) {
    records.push({
      id: i,
      name: `user ${i}`,
      score: i % 100 + 0.25,
      active: i % 3 === 0,
      tags: [`a${i % 7}`, 'b"quoted"', "c"],
      position: { x: i % 10, y: -i },
    });
  }
  return records;
}

function checksum(records) {
  let ids = 0;
  let score = 0.0;
  let letters = 0;
  let active = 0;
  for (const r of records) {
    ids += r.id + r.position.x + r.position.y;
    score += r.score;
    letters += r.name.length + r.tags[1].length;
    if (r.active) active++;
  }
  return `${ids} ${score.toFixed(2)} ${letters} ${active}`;
}

const n = Number(process.argv[2] ?? 2000);
const rounds = Number(process.argv[3] ?? 1);
let records = makeRecords(n);
for (let i = 0; i < rounds; i++) {
  records = JSON.parse(JSON.stringify(records));
}
console.log(checksum(records));
