class Point {
  constructor(x, y, label) {
    this.x = x;
    this.y = y;
    this.label = label;
  }
}

function build(n) {
  const points = [];
  for (let i = 0; i < n; i++) {
    points.push(new Point(i, i * 2, "p"));
  }
  return points;
}

function checksum(points) {
  let total = 0;
  for (const p of points) {
    total += p.x + p.y;
    if (p.label === "p") total += 1;
  }
  return total;
}

const n = Number(process.argv[2] ?? 100000);
const rounds = Number(process.argv[3] ?? 1);
let total = 0;
for (let i = 0; i < rounds; i++) {
  total += checksum(build(n));
}
console.log(total);
