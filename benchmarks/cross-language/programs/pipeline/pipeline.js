function run(xs) {
  return xs
    .map(x => x * 3 + 1)
    .filter(x => x % 2 === 0)
    .map(x => x % 1000)
    .reduce((total, x) => total + x, 0);
}

const n = Number(process.argv[2] ?? 100000);
const rounds = Number(process.argv[3] ?? 1);
const xs = Array.from({ length: n }, (_, i) => i);
let total = 0;
for (let i = 0; i < rounds; i++) {
  total += run(xs);
}
console.log(total);
