function fill(n) {
  const xs = [];
  for (let i = 0; i < n; i++) {
    xs.push(i);
  }
  return xs;
}

function sumUp(xs) {
  let total = 0;
  for (const x of xs) {
    total += x;
  }
  for (let i = 0; i < xs.length; i++) {
    total += xs[i];
  }
  return total;
}

const n = Number(process.argv[2] ?? 1000000);
const rounds = Number(process.argv[3] ?? 1);
let total = 0;
for (let i = 0; i < rounds; i++) {
  total += sumUp(fill(n));
}
console.log(total);
