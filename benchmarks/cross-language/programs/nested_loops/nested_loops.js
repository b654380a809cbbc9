function work(n) {
  let total = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      total += i * j - j;
    }
  }
  return total;
}

const n = Number(process.argv[2] ?? 1000);
const rounds = Number(process.argv[3] ?? 1);
let total = 0;
for (let i = 0; i < rounds; i++) {
  total += work(n);
}
console.log(total);
