function work(keys) {
  const d = new Map();
  for (let i = 0; i < keys.length; i++) {
    d.set(keys[i], i);
  }
  for (const key of keys) {
    d.set(key, d.get(key) + 1);
  }
  let total = 0;
  for (const key of keys) {
    total += d.get(key);
  }
  for (const [key, value] of d) {
    total += value;
  }
  return total;
}

const n = Number(process.argv[2] ?? 1000);
const rounds = Number(process.argv[3] ?? 1);
const keys = [];
for (let i = 0; i < n; i++) {
  keys.push(`key_${i}`);
}
let total = 0;
for (let i = 0; i < rounds; i++) {
  total += work(keys);
}
console.log(total);
