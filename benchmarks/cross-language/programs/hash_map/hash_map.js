function work(n) {
  const map = new Map();
  for (let i = 0; i < n; i++) {
    map.set((i * 7919) % 1000003, i);
  }
  let total = 0;
  for (let i = 0; i < n; i++) {
    total += map.get((i * 7919) % 1000003);
  }
  return total + map.size;
}

const n = Number(process.argv[2] ?? 100000);
const rounds = Number(process.argv[3] ?? 1);
let total = 0;
for (let i = 0; i < rounds; i++) {
  total += work(n);
}
console.log(total);
